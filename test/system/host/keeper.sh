#!/bin/bash
# keeper.sh NAME FOLDER IMAGE NSPAWN-ARGUMENT...
#
# Runs machine.sh in namespaces of its own and removes, however that ended, what outlives them: the control groups and
# the folder.

set -u
name=$1
folder=$2

mkdir -m 700 "$folder" || exit 1

cgroups=()
for hierarchy in $(findmnt -rno TARGET -t cgroup,cgroup2); do
  mkdir "$hierarchy/$name" 2>/dev/null && cgroups+=("$hierarchy/$name")
done

# The death of a process namespace's first process kills all others in it: nothing that runs inside can escape.
unshare --pid --fork --kill-child --mount --propagation private --mount-proc \
  bash "$(dirname "$0")/machine.sh" "$@"
status=$?

for cgroup in "${cgroups[@]}"; do
  for _ in 1 2 3 4 5; do
    find "$cgroup" -depth -type d -delete 2>/dev/null
    [ -d "$cgroup" ] || break
    sleep 0.1
  done
done
rmdir "$folder"
exit "$status"
