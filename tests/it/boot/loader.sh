# loader.sh LOADER KEYS: runs a loader in a root, and says what these sysctls are then.
# The service `sysctl` of Alpine's OpenRC, told in short: directory by directory, without the names
# that are regular files in a directory that comes later.
openrc() {
    unless /lib/sysctl.d "$@" /etc/sysctl.d /run/sysctl.d
    unless /usr/lib/sysctl.d "$@" /etc/sysctl.d /run/sysctl.d
    unless /etc/sysctl.d "$@" /run/sysctl.d
    apply "$@" /etc/sysctl.conf
    unless /run/sysctl.d "$@"
}

# unless DIRECTORY PROGRAM... DIRECTORIES: all files of the first that none of the last hides
unless() {
    from=$1 program=$2
    shift 2
    for path in "$from"/*.conf; do
        hidden=
        for by; do
            [ -f "$by/${path##*/}" ] && hidden=1
        done
        [ "$hidden" ] || apply "$program" "$path"
    done
}

apply() {
    [ -f "$2" ] && $1 -p "$2"
}

what=$1
shift
case $what in
nothing) ;;
write)
    cat /value >"/proc/sys/$1" && echo taken
    ;;
systemd-sysctl) /usr/lib/systemd/systemd-sysctl ;;
procps) /sbin/sysctl --system ;;
busybox) openrc "/bin/busybox sysctl" ;;
openrc-procps) openrc /sbin/sysctl ;;
esac >/tmp/said 2>&1
# Not by the shell's own `read`: it takes one byte at a time, and a sysctl ends after the first.
cd /proc/sys && grep -H "" "$@"
