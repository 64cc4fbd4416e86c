#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What a container runtime does, from inside of the new namespaces: the root file system with a layer of the container's own over
# it, the mounts, the limits, the network; then the image's command becomes process 1.
#
#   ROOT       the root file system of the image, which stays as it is
#   LAYER      an empty folder for what the container writes
#   MOUNTS     lines of: source, mount path in the container, ro or rw
#   GROUPS     the cgroup folders that it belongs to
#   ADDRESS    its address, GATEWAY that of the machine
#   READ_ONLY  1: readOnlyRootFilesystem
#   RUN_AS     uid:gid, else root
#
# The arguments are the command. One line on standard input says that the network is there.
set -eu
for group in $GROUPS; do echo $$ >"$group/cgroup.procs"; done
hostname "$HOSTNAME"

top=$LAYER/root
mkdir "$top" "$LAYER/upper" "$LAYER/work"
mount -t overlay overlay -o "lowerdir=$ROOT,upperdir=$LAYER/upper,workdir=$LAYER/work" "$top"
echo "$ADDRESS $HOSTNAME" >"$top/etc/hosts"
echo "$HOSTNAME" >"$top/etc/hostname"
mount -t proc proc "$top/proc"
mount -t tmpfs -o mode=755,size=1m tmpfs "$top/dev"
for device in null zero full random urandom tty; do
  : >"$top/dev/$device"
  mount --bind "/dev/$device" "$top/dev/$device"
done
# Where the processes of a container see their own group.
for group in $GROUPS; do
  own=$top$(dirname "$group")
  mkdir -p "$own"
  mount --bind "$group" "$own"
  mount -o remount,bind,ro "$own"
done
printf '%s\n' "$MOUNTS" | while read -r source place mode; do
  [ -n "$source" ] || continue
  # As runtimes do it: the folder is made where the image has none, and links in the image are followed.
  mkdir -p "$top$place"
  mount --bind "$source" "$top$place"
  [ "$mode" = rw ] || mount -o remount,bind,ro "$top$place"
done
[ "$READ_ONLY" != 1 ] || mount -o remount,ro "$top"

read -r _
ip link set lo up
ip address add "$ADDRESS/30" dev eth0
ip link set eth0 up
ip route add default via "$GATEWAY"

# What Docker and containerd leave to root.
capabilities=-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap,+net_bind_service,+sys_chroot,+kill,+audit_write
enter='cd "$1" && shift && exec "$@"'
if [ -n "$RUN_AS" ]; then
  # Restricted clusters: no privileges, and none to be had.
  exec unshare --cgroup setpriv --bounding-set=-all,+sys_chroot,+setuid,+setgid \
    chroot --userspec="$RUN_AS" --groups= "$top" /usr/bin/setpriv --no-new-privs /bin/sh -c "$enter" sh "$@"
fi
exec unshare --cgroup setpriv --bounding-set="$capabilities" chroot "$top" /bin/sh -c "$enter" sh "$@"
