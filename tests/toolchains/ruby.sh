#!/bin/bash
# Builds a Ruby with Rails, RSpec, Minitest, Sidekiq and RuboCop from Debian's packages, beside the system:
#   tests/toolchains/ruby.sh CACHE      then put CACHE/ruby/bin on the PATH
# `ruby`, `bundle`, `rspec` and the rest are there like those of any other installed Ruby. Bundler serves a Gemfile that
# names RubyGems.org from Debian's packages (debian-gems/debian_gems.rb), since the machine may reach no gem server.
# Nothing of it is installed into the system, no root is needed to use it, and it works within a sandbox: the tree has
# its own C library and loader, so any other Debian can run it. Nothing is done when it is there already.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(realpath -m -- "${1:?usage: ruby.sh CACHE}")
home=$cache/ruby
release=forky
stamp=$(cat "${BASH_SOURCE[0]}" "$here"/debian-gems/* | sha256sum | cut -c1-16)-$home

mkdir -p "$cache"
exec 9>"$cache/ruby.lock"
flock 9
if [ "$(cat "$home/ready" 2>/dev/null)" = "$stamp" ]; then
  exit 0
fi

missing=()
for tool in mmdebstrap patchelf; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if ((${#missing[@]})); then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

packages=(
  ruby bundler ruby-rails ruby-pg puma ruby-redis ruby-sidekiq ruby-bootsnap
  ruby-rspec ruby-rspec-rails ruby-factory-bot-rails ruby-shoulda-matchers ruby-simplecov ruby-webmock ruby-timecop
  ruby-faker ruby-minitest ruby-jwt ruby-bcrypt ruby-rack-attack ruby-rack-cors ruby-kaminari ruby-pagy
  ruby-json-schemer ruby-lograge ruby-dotenv-rails ruby-strong-migrations
  rubocop ruby-rubocop-rails ruby-rubocop-rspec ruby-rubocop-performance ruby-rubocop-factory-bot
  ruby-rubocop-rspec-rails
)
# Downloading takes longest, so what is downloaded stays as it came. Packages are only unpacked: no package's scripts
# run, and nothing needs to be set up.
pristine=$cache/trees/ruby-$(sha256sum <<<"$release ${packages[*]}" | cut -c1-16).tar
if [ ! -f "$pristine" ]; then
  mkdir -p "$cache/trees"
  mmdebstrap --quiet --variant=extract --include="$(IFS=,; echo "${packages[*]}")" \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$release" "$pristine.part.tar"
  mv "$pristine.part.tar" "$pristine"
fi
rm -rf "$home.new"
mkdir -p "$home.new/bin" "$home.new/tree"
tar -C "$home.new/tree" --exclude='./dev/*' -xf "$pristine"

usr=$home.new/tree/usr     # where it is made
final=$home/tree/usr       # where it will be
libraries=lib/x86_64-linux-gnu
version=$(basename "$usr"/$libraries/ruby/3.*)
minor=${version%.*}

# The interpreter starts with the tree's own loader and C library; programs that it starts use the system's.
mv "$usr/bin/ruby$minor" "$usr/lib/ruby/interpreter"
patchelf --set-interpreter "$final/$libraries/ld-linux-x86-64.so.2" \
  --force-rpath --set-rpath "$final/$libraries" "$usr/lib/ruby/interpreter"
# Debian's Ruby has the places of its library built in. Also for programs that ask Ruby for its own path.
cat >"$usr/bin/ruby$minor" <<RUBY
#!/bin/sh
library=$final/lib/ruby/vendor_ruby:$final/$libraries/ruby/vendor_ruby/$version:$final/lib/ruby/$version:$final/$libraries/ruby/$version
case ":\$RUBYLIB:" in *":\$library:"*) ;; *) export RUBYLIB="\${RUBYLIB:+\$RUBYLIB:}\$library" ;; esac
exec $final/lib/ruby/interpreter "\$@"
RUBY
chmod 755 "$usr/bin/ruby$minor"
cp "$usr/bin/ruby$minor" "$home.new/bin/ruby"
defaults=$usr/lib/ruby/vendor_ruby/rubygems/defaults/operating_system.rb
# And that of the gems which are installed: of its own, too, and there already, since a sandbox can't make it.
sed -i -E "s#(['\"])/usr/(lib|share)/#\1$final/\2/#g; s#'/', 'var', 'lib', 'gems'#'$final/gems'#" "$defaults"
mkdir -p "$usr/gems/$version"
# What stands in RUBYLIB would win over every gem, so the library goes where it belongs: behind them.
cat >>"$defaults" <<RUBY
library, \$LOAD_PATH[0..] = \$LOAD_PATH.reject { |path| path.start_with?("/usr/lib/") }.partition { |path| path.start_with?("$final/") }
\$LOAD_PATH.concat(library)
RUBY

# Every program that is written in Ruby, with this Ruby.
[ -e "$usr/bin/bootsnap" ] || cp "$here/debian-gems/bootsnap" "$usr/bin/bootsnap"
for program in "$usr"/bin/*; do
  if [ -f "$program" ] && head -c 64 "$program" | grep -qaE '^#!.*\bruby'; then
    sed "1s#.*#\#!$home/bin/ruby#" "$program" >"$home.new/bin/${program##*/}"
    chmod 755 "$home.new/bin/${program##*/}"
  fi
done

cp "$here/debian-gems/debian_gems.rb" "$home.new/debian_gems.rb"
# $0 and $1 are for the inner shell.
# shellcheck disable=SC2016
find "$usr/lib/ruby" "$usr/share/rubygems-integration" -name bundler.rb -path '*/bundler.rb' \
  -exec grep -q '^module Bundler' {} \; -exec sh -c 'printf "\nrequire \"%s\"\n" "$0" >>"$1"' "$home/debian_gems.rb" {} \;

echo "$stamp" >"$home.new/ready"
rm -rf "$home"
mv "$home.new" "$home"

# An installation that only looks complete is worse than none.
"$home/bin/ruby" -e 'require "openssl"; require "pg"; puts RUBY_DESCRIPTION; exit Dir.exist?(Gem.default_dir)' || { rm "$home/ready"; exit 1; }
"$home/bin/bundle" --version
"$home/bin/rspec" --version | head -n 1
