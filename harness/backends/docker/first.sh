#!/bin/sh
# Begins a leg in its container and becomes its test binary, which so stays the first process:
# first.sh HOME PROGRAM... -- BINARY ARGUMENT...
#
# Programs may make control groups below the container's, which go with it. An engine mounts them
# read-only unless a container is privileged. On cgroup v2 a group that hands controllers on may
# hold no process, be it privileged or not. What is changed is the container's group, the root of
# its cgroup namespace; never the machine's own root, which has no cgroup.type (see cgroups(7)).
#
# HOME/bin holds a script that is to stand in the place of each PROGRAM, and HOME/real gets what it
# stands for, wherever the image has that. HOME/processes/boot says on which machine, since when.

home=$1
shift
while read -r _ where kind how _; do
  case $kind,$how in cgroup,ro,* | cgroup2,ro,*) mount -o remount,bind,rw "$where" ;; esac
done </proc/mounts
case $(cat /proc/self/cgroup) in *0::/) root=yes ;; *) root= ;; esac
if [ "$root" ] && [ -f /sys/fs/cgroup/cgroup.type ]; then
  mkdir -p /sys/fs/cgroup/init && echo $$ >/sys/fs/cgroup/init/cgroup.procs
  for name in $(cat /sys/fs/cgroup/cgroup.controllers); do
    echo "+$name" >/sys/fs/cgroup/cgroup.subtree_control
  done
fi
cat /proc/sys/kernel/random/boot_id >"$home/processes/boot"
while [ "$1" != -- ]; do
  if real=$(command -v "$1"); then ln -s "$real" "$home/real/$1"; else rm "$home/bin/$1"; fi
  shift
done
shift
export PATH="$home/bin:$PATH"
exec "$@"
