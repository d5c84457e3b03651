#!/bin/bash
# Makes a stand-in for an official image of Python or Ruby, for machines that reach no container registry:
#   tests/toolchains/base-image.sh CACHE python:3.13.14-slim-trixie
#   tests/toolchains/base-image.sh CACHE ruby:3.4.10-slim-trixie
# imports it as docker.io/library/python:3.13.14-slim-trixie into the container store of CACHE (see containers.sh).
# It has the official image's ways in (python and pip, or ruby and bundle, in /usr/local/bin), not its exact version:
# - Python is that of Debian trixie, or this machine's, on trixie.
# - Ruby is that of Debian forky, on forky. `bundle install` takes the gems that Debian packages in place of those of
#   RubyGems.org, and says where they differ (debian-gems/debian_gems.rb). apt has no sources: what project 1's
#   Dockerfile installs is there already. An image built on it shows that the Dockerfile's steps work together and that
#   the processes run as deployed; not that the gems of Gemfile.lock can be fetched or compiled.
# Nothing is downloaded when the image, or the tree it is made from, is already in CACHE.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(realpath -m -- "${1:?usage: base-image.sh CACHE IMAGE}")
image=${2:?usage: base-image.sh CACHE IMAGE}
language=${image%%:*}
tag=${image##*:}
minor=$(cut -d. -f1,2 <<<"$tag")
name=docker.io/library/$language:$tag
content=$language-$minor
release=trixie
command=python3

# What the official image has besides Debian's packages. Expanded by mmdebstrap, whose $1 is the tree.
# shellcheck disable=SC2016
make_links='for pair in python3:python3 python3:python pip3:pip; do ln -sf "/usr/bin/${pair%%:*}" "$1/usr/local/bin/${pair##*:}"; done; rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED'
options=(
  --quiet --mode=root --variant=minbase
  --aptopt='APT::Install-Recommends "false"'
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*'
)
case $content in
  python-3.13)  # trixie's own interpreter
    options+=("--include=ca-certificates,python3,python3-venv,python3-pip" "--customize-hook=$make_links")
    ;;
  python-*)  # Debian has one version a release: take the machine's interpreter, which needs these libraries.
    interpreter=$(command -v "python$minor" || true)
    if [ -z "$interpreter" ]; then
      echo "base-image.sh: no python$minor on this machine to make $image from" >&2
      exit 1
    fi
    prefix=$("$interpreter" -c 'import sys; print(sys.base_prefix)')
    options+=(
      "--include=ca-certificates,libssl3t64,libffi8,libsqlite3-0,zlib1g,libbz2-1.0,liblzma5,libreadline8t64,libncursesw6,libuuid1,libexpat1"
      "--customize-hook=tar -C '$prefix' --exclude=__pycache__ --exclude=test --exclude='lib/python*/site-packages/*' -c . | tar -C \"\$1/usr/local\" -x"
      "--customize-hook=ln -sf 'python$minor' \"\$1/usr/local/bin/python\"; ln -sf 'python$minor' \"\$1/usr/local/bin/python3\"; chroot \"\$1\" /usr/local/bin/python -m ensurepip >/dev/null"
    )
    ;;
  ruby-*)  # the first release with a Rails that project 1 supports
    release=forky
    command=irb
    gems=ruby-rails,ruby-bootsnap,ruby-pg,puma,ruby-rack-attack,ruby-redis,ruby-sidekiq,ruby-bcrypt,ruby-jwt,ruby-strong-migrations
    from_dockerfile=libpq5,build-essential,libpq-dev,libyaml-dev,pkg-config
    # Bundler gets to know Debian's gems, and leaves the folder of the bundle empty, which the Dockerfile copies.
    # shellcheck disable=SC2016
    options+=(
      --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"'
      "--include=ca-certificates,ruby,bundler,$gems,$from_dockerfile"
      '--customize-hook=for program in ruby gem bundle; do ln -s "/usr/bin/$program" "$1/usr/local/bin/$program"; done; mkdir -p "$1/opt/bundle"'
      '--customize-hook=find "$1/usr/lib/ruby" "$1/usr/share/rubygems-integration" -name bundler.rb -exec grep -q "^module Bundler" {} \; -exec sed -i "\$a require \"/usr/local/lib/debian_gems.rb\"" {} \;'
      '--customize-hook=rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*'
    )
    content=$content-$(printf '%s\n' "${options[@]}" | cat - "$here"/debian-gems/* | sha256sum | cut -c1-16)
    options+=(
      "--customize-hook=copy-in '$here/debian-gems/debian_gems.rb' /usr/local/lib"
      "--customize-hook=copy-in '$here/debian-gems/bootsnap' /usr/local/bin"
    )
    ;;
  *)
    echo "base-image.sh: knows how to make images of python and ruby, not $image" >&2
    exit 1
    ;;
esac
tree=$cache/trees/$content.tar

mkdir -p "$cache/trees"
# shellcheck source=containers.sh source-path=SCRIPTDIR
. "$here/containers.sh" "$cache/containers"
# Two test runs at once must not import the same image twice.
exec 9>"$cache/base-image-${content%%-*}.lock"
flock 9
if [ "$(podman image inspect --format '{{index .Labels "content"}}' "$name" 2>/dev/null)" = "$content" ]; then
  exit 0
fi

if [ ! -f "$tree" ]; then
  mmdebstrap "${options[@]}" "$release" "$tree.part.tar"
  mv "$tree.part.tar" "$tree"
fi
podman import --quiet --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'ENV LANG=C.UTF-8' --change "CMD [\"$command\"]" --change "LABEL content=$content" "$tree" "$name" >/dev/null
