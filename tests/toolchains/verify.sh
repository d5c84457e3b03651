#!/bin/bash
# Runs `make verify` with the settings that container tools need without an engine, a stand-in for the base image, and
# this machine's own way to a package index:  tests/toolchains/verify.sh CACHE [OPTION…]
# Needs what install.sh installs.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=$(realpath -m -- "${1:?usage: verify.sh CACHE [OPTION…]}")
shift
dockerfile=$here/../../templates/project2_data_platform/starter/Dockerfile.jinja
"$here/base-image.sh" "$cache" "$(sed -n 's/.*"3.13": "\([^"]*\)".*/\1/p' "$dockerfile")"
# shellcheck source=containers.sh source-path=SCRIPTDIR
. "$here/containers.sh" "$cache/containers"
unset TMPDIR
options="--isolation=chroot --network=host --volume=/etc/ssl/certs:/etc/ssl/certs:ro"
if [ -e /etc/pip.conf ]; then options="$options --volume=/etc/pip.conf:/etc/pip.conf:ro"; fi
export CHECK_IMAGE_BUILD_OPTIONS=$options
cd "$here/../.."
exec make verify VERIFY="$*"
