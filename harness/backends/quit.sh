#!/bin/sh
# Makes the Go programs of a leg write their goroutines, from inside it, and prints those of them
# that nobody else is there to read: quit.sh TEST-BINARY PROGRAM...
#
# All are stopped first, so that each is found as it was when the others were. What a stopped
# reader would have read from their stderr is read here. Then each gets SIGQUIT, at which Go
# programs write their goroutines and end; the test binary last, for a leg ends with it. The first
# process of a container cannot be stopped from inside: it reads on and prints what it reads.
#
# It is /bin/sh and coreutils or busybox alone, because that is what every image has.

named() { # the processes that run a program
    for folder in /proc/[0-9]*; do
        program=$(readlink "$folder/exe") || continue # a thread of the kernel, or gone
        [ "${program##*/}" != "$1" ] || echo "${folder#/proc/}"
    done
}
state() { sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null; }
inode() { stat -L -c %d:%i "/proc/$1/fd/$2"; }
drain() { # what a process writes to a descriptor, if that is a pipe that is not read already
    [ -p "/proc/$1/fd/$2" ] || return
    pipe=$(inode "$1" "$2")
    case " $read " in *" $pipe "*) return ;; esac
    read="$read $pipe"
    cat "/proc/$1/fd/$2" &
    drains="$drains $!"
}

binary=$(named "$1")
shift
asked=
for program; do asked="$asked $(named "$program" | tr '\n' ' ')"; done
for pid in $binary $asked; do kill -STOP "$pid"; done

read= drains= free=
for pid in $binary; do case $(state "$pid") in T*) ;; *) free=yes ;; esac; done
if [ ! "$free" ]; then
    for tee in $(named tee); do # kept.sh's
        read="$read $(inode "$tee" 0)"
        drain "$tee" 1
    done
    for pid in $asked; do drain "$pid" 2; done
fi
for pid in $asked; do
    kill -QUIT "$pid"
    kill -CONT "$pid"
done
for _ in 1 2 3 4 5 6 7 8 9 10; do
    left=
    for pid in $asked; do case $(state "$pid") in Z* | '') ;; *) left=yes ;; esac; done
    [ "$left" ] || break
    sleep 0.2
done
sleep 0.3 # for whoever reads the last of what they said
[ ! "$drains" ] || kill $drains
for pid in $binary; do
    kill -QUIT "$pid"
    kill -CONT "$pid"
done
exit 0
