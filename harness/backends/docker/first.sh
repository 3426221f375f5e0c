#!/bin/sh
# Begins a leg in its container and becomes its test binary, which so stays the first process:
# first.sh GROUPS HOME PROGRAM... -- BINARY ARGUMENT...
#
# If GROUPS is not empty, programs may make control groups below the container's, which go with it.
# An engine mounts them read-only unless a container is privileged. On cgroup v2 a group that hands
# controllers on may hold no process.
#
# HOME/bin holds a script that is to stand in the place of each PROGRAM, and HOME/real gets what it
# stands for, wherever the image has that. HOME/processes/boot says on which machine, since when.

groups=$1 home=$2
shift 2
if [ "$groups" ]; then
  while read -r _ where kind _; do
    case $kind in cgroup | cgroup2) mount -o remount,bind,rw "$where" ;; esac
  done </proc/mounts
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p /sys/fs/cgroup/init && echo $$ >/sys/fs/cgroup/init/cgroup.procs
    for name in $(cat /sys/fs/cgroup/cgroup.controllers); do
      echo "+$name" >/sys/fs/cgroup/cgroup.subtree_control
    done
  fi
fi
cat /proc/sys/kernel/random/boot_id >"$home/processes/boot"
while [ "$1" != -- ]; do
  if real=$(command -v "$1"); then ln -s "$real" "$home/real/$1"; else rm "$home/bin/$1"; fi
  shift
done
shift
export PATH="$home/bin:$PATH"
exec "$@"
