#!/bin/bash
# machine.sh NAME FOLDER IMAGE NSPAWN-ARGUMENT...
#
# The first process of a process namespace, with mounts that nobody outside sees: boots IMAGE below a throw-away layer
# and ends, which takes everything along, when the container powers off or standard input closes.

set -eu
name=$1
folder=$2
image=$3
shift 3

mount -t tmpfs -o mode=700,size=4g "$name" "$folder"
# systemd-nspawn leaves folders in /run, named after the root folder and so the same for all hosts.
mount -t tmpfs -o mode=755 "$name" /run
mkdir "$folder/upper" "$folder/work" "$folder/root"
# Without redirect_dir, renaming a folder of the image fails with EXDEV.
mount -t overlay -o "lowerdir=$image,upperdir=$folder/upper,workdir=$folder/work,redirect_dir=on" "$name" "$folder/root"
# Shared, so that what is mounted below it later appears inside the running container.
mount --make-shared "$folder/root"
cd "$folder"

exec 3<&0 </dev/null
cat <&3 >/dev/null &
plug=$!

boot() {
  # Two containers in one control group would take each other's units for their own.
  for hierarchy in $(findmnt -rno TARGET -t cgroup,cgroup2); do
    echo 0 2>/dev/null >"$hierarchy/$name/cgroup.procs" || true
  done
  exec systemd-nspawn --directory="$folder/root" --boot --register=no --keep-unit --console=read-only "$@" 3<&-
}

# With --keep-unit, a reboot inside ends systemd-nspawn with this status.
reboot=133
status=$reboot
while [ "$status" -eq "$reboot" ]; do
  boot "$@" &
  status=0
  wait -n "$plug" "$!" || status=$?
done
exit "$status"
