# Runs in a user, mount, pid and network namespace of its own, below the root $1: for each line of
# standard input, what tests/it/boot/loader.sh does with its words, in a network namespace that is
# new each time.
root=$1
busybox() { "$root/bin/busybox" "$@"; }
busybox mount -t proc proc "$root/proc" && busybox mount --bind /dev/null "$root/dev/null" || exit 1
echo ready
while read -r what keys; do
    # shellcheck disable=SC2086
    unshare --net -- "$root/bin/busybox" chroot "$root" \
        /bin/busybox sh /loader.sh "$what" $keys </dev/null 2>&1
    echo "done $?"
done
