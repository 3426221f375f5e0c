#!/bin/sh
# Stands on a leg's PATH in the place of a server: runs the program of the same name in ../real,
# passes signals on to it, and says in ../processes/NAME.PID.died with which status it ended if
# nobody had asked it to. Where that folder cannot be written, the status is said to nobody.
# A server that SIGPIPE ended (141) wrote to tests that were gone: they ended it, not the machine.

home=${0%/*}/..
name=${0##*/}

asked= child=
trap 'asked=1; [ ! "$child" ] || kill -TERM $child' TERM INT HUP
"$home/real/$name" "$@" &
child=$!
[ ! "$asked" ] || kill -TERM $child # it was asked before there was anybody to ask
wait $child
status=$?
while kill -0 $child 2>/dev/null; do # a signal ended the waiting, not the child
    wait $child
    status=$?
done
[ "$asked" ] || [ $status = 141 ] || echo "$status" 2>/dev/null >"$home/processes/$name.$$.died"
exit $status
