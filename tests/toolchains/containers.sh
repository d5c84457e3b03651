#!/bin/bash
# Settings under which buildah and podman work without a Docker engine, an init system or cgroup rights.
# Source it:  . tests/toolchains/containers.sh STATE     everything that they store lies under STATE.
# Needs what install.sh installs. Nothing of the user's own container configuration is read or changed.
containers_state=$(realpath -m -- "${1:?usage: . containers.sh STATE}")
mkdir -p "$containers_state/tmp" "$containers_state/networks"

# The graph lives in the cache folder, so that a base image is imported once a machine, not once a test run.
cat >"$containers_state/storage.conf" <<CONF
[storage]
driver = "overlay"
graphroot = "$containers_state/graph"
runroot = "$containers_state/run"
CONF

# Short names must resolve to what base-image.sh imports; no registry is ever asked (--pull=never).
cat >"$containers_state/registries.conf" <<'CONF'
unqualified-search-registries = ["docker.io"]
short-name-mode = "permissive"
CONF

# runc, since crun insists on cgroup controllers; host network, since no bridge can be made; limits that the
# surrounding machine can grant, else the runtime refuses to start.
cat >"$containers_state/containers.conf" <<CONF
[containers]
netns = "host"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "$containers_state/networks"
CONF

export CONTAINERS_STORAGE_CONF="$containers_state/storage.conf"
export CONTAINERS_REGISTRIES_CONF="$containers_state/registries.conf"
export CONTAINERS_CONF="$containers_state/containers.conf"
export BUILDAH_ISOLATION=chroot
export TMPDIR="$containers_state/tmp"
