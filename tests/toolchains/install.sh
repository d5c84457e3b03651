#!/bin/bash
# Installs on a bare Debian 12 what the slow tests need beyond pip: container tools, promtool, amtool, a browser, and
# docker-compose. Run as root:  tests/toolchains/install.sh CACHE     docker-compose is put into CACHE/bin.
# Can be run again at any time: what is there is left alone. No service is left running.
set -euo pipefail

cache=$(realpath -m -- "${1:?usage: install.sh CACHE}")
mkdir -p "$cache/bin"

# Command and the package that brings it; only what is missing is installed.
wanted=(
  podman:podman buildah:buildah runc:runc mmdebstrap:mmdebstrap
  bwrap:bubblewrap promtool:prometheus amtool:prometheus-alertmanager chromium:chromium curl:curl jq:jq
)
missing=()
for entry in "${wanted[@]}"; do
  command -v "${entry%%:*}" >/dev/null || missing+=("${entry##*:}")
done
# podman's network helpers are no commands on the PATH.
for package in netavark aardvark-dns; do
  dpkg-query --show --showformat '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done

if ((${#missing[@]})); then
  # prometheus and prometheus-alertmanager start themselves at installation: a policy of "never" forbids it, unless
  # the machine has a policy of its own, and the one written here goes away again.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ ! -x "$cache/bin/docker-compose" ]; then
  # From the next Debian release (bookworm's is the old Python one), with an apt state of its own: the system's
  # package lists and versions stay as they are.
  apt=$(mktemp -d)
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  # apt downloads as user _apt.
  chmod 755 "$apt"
  # The same archive that this system uses; $(SITE) is for apt, not for the shell.
  # shellcheck disable=SC2016
  archive=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m 1 -E '/debian/?$')
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive trixie main" >"$apt/sources.list"
  : >"$apt/status"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt";
APT::Sandbox::User "root";
CONF
  APT_CONFIG=$apt/apt.conf apt-get update -qq
  (cd "$apt" && APT_CONFIG=$apt/apt.conf apt-get download -qq docker-compose)
  dpkg -x "$apt"/docker-compose_*.deb "$apt/root"
  install -m 755 "$apt/root/usr/libexec/docker/cli-plugins/docker-compose" "$cache/bin/docker-compose"
  rm -rf "$apt"
fi

# Each tool must really start: an installation that only looks complete is worse than none.
podman --version
buildah --version
promtool --version 2>&1 | head -n 1
amtool --version 2>&1 | head -n 1
"$cache/bin/docker-compose" version
