#!/bin/bash
# Runs `make verify` for a project with the settings that container tools need without an engine, a stand-in for the
# base image of its Dockerfile, and this machine's own ways to packages:
#   tests/toolchains/verify.sh CACHE PROJECT_FOLDER [OPTION…]      e.g. templates/project1_rails_ecommerce
# Project 1 runs on the Ruby of ruby.sh, with the Rails that Debian packages. Needs what install.sh installs.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
usage="usage: verify.sh CACHE PROJECT_FOLDER [OPTION…]"
cache=$(realpath -m -- "${1:?$usage}")
project=$(realpath -e -- "${2:?$usage}")
shift 2
# The first base image that the Dockerfile names: that of the default answers.
base=$(grep -oE -m1 '(python|ruby):[0-9][0-9a-z.-]*' "$project/starter/Dockerfile.jinja" | head -n 1)
build="--isolation=chroot --network=host"
case $base in
  ruby:*)
    "$here/ruby.sh" "$cache"
    export PATH="$cache/ruby/bin:$PATH"
    set -- --data rails_version=7.2 "$@"
    ;;
  python:*)  # pip in the build reaches a package index the way pip on this machine does.
    for path in /etc/ssl/certs /etc/pip.conf; do
      if [ -e "$path" ]; then build="$build --volume=$path:$path:ro"; fi
    done
    ;;
esac
"$here/base-image.sh" "$cache" "$base"
# shellcheck source=containers.sh source-path=SCRIPTDIR
. "$here/containers.sh" "$cache/containers"
unset TMPDIR
export CHECK_IMAGE_BUILD_OPTIONS=$build
cd "$here/../.."
exec make verify PROJECT="$project" VERIFY="$*"
