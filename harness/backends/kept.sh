#!/bin/sh
# Stands on a leg's PATH in the place of a daemon: becomes the program of the same name in
# ../real, and keeps what that says on stderr in ../processes, as NAME.PID.log. NAME.PID.life says
# when it began and ended, in seconds since the boot, and with which arguments.
#
# The daemon has the process id that its starter knows, and its stderr still reaches the starter.
# It is /bin/sh, tee and mkfifo alone, because that is what every image has. Where the folder
# cannot be written (another user), it is the daemon and nothing else.

home=${0%/*}/..
name=${0##*/}
real=$home/real/$name
kept=$home/processes/$name.$$

uptime() { read -r seconds _ </proc/uptime; }

command -v tee >/dev/null && mkfifo -m 600 "$kept.pipe" 2>/dev/null || exec "$real" "$@"
uptime
{ echo "began $seconds"; for word; do printf 'argument %s\n' "$word"; done; } >"$kept.life"
(
    trap '' TERM INT HUP QUIT XFSZ
    (
        ulimit -f 32768 # 16 MiB of log: what comes after that is passed on alone
        exec tee "$kept.log" <"$kept.pipe" >&2 2>/dev/null
    )
    uptime
    echo "ended $seconds" >>"$kept.life"
) </dev/null >/dev/null &
exec 2>"$kept.pipe"
rm -f "$kept.pipe"
exec "$real" "$@"
