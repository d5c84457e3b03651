#!/bin/bash
# Makes a stand-in for the official Python image, for machines that reach no container registry:
#   tests/toolchains/base-image.sh CACHE python:3.13.14-slim-trixie
# imports it as docker.io/library/python:3.13.14-slim-trixie into the container store of CACHE (see containers.sh).
# It has the official image's ways in (python and pip in /usr/local/bin, Debian trixie), not its exact patch version.
# Nothing is downloaded when the image, or the tree it is made from, is already in CACHE.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(realpath -m -- "${1:?usage: base-image.sh CACHE IMAGE}")
image=${2:?usage: base-image.sh CACHE IMAGE}
tag=${image##*:}
minor=$(cut -d. -f1,2 <<<"$tag")
name=docker.io/library/python:$tag
tree=$cache/trees/python-$minor.tar

mkdir -p "$cache/trees"
# shellcheck source=containers.sh source-path=SCRIPTDIR
. "$here/containers.sh" "$cache/containers"
# Two test runs at once must not import the same image twice.
exec 9>"$cache/base-image.lock"
flock 9

if podman image exists "$name"; then
  exit 0
fi

# What the official image has besides Debian's packages. Expanded by mmdebstrap, whose $1 is the tree.
# shellcheck disable=SC2016
make_links='for pair in python3:python3 python3:python pip3:pip; do ln -sf "/usr/bin/${pair%%:*}" "$1/usr/local/bin/${pair##*:}"; done; rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED'
options=(
  --quiet --mode=root --variant=minbase
  --aptopt='APT::Install-Recommends "false"'
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*'
)
case $minor in
  3.13)  # trixie's own interpreter
    options+=("--include=ca-certificates,python3,python3-venv,python3-pip" "--customize-hook=$make_links")
    ;;
  *)  # Debian has one version a release: take the machine's interpreter, which needs these libraries.
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
esac

if [ ! -f "$tree" ]; then
  mmdebstrap "${options[@]}" trixie "$tree.part.tar"
  mv "$tree.part.tar" "$tree"
fi
podman import --quiet --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'ENV LANG=C.UTF-8' --change 'CMD ["python3"]' "$tree" "$name" >/dev/null
