// Command buildkitd is a daemon that does what its client asks for, to its own end if need be.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"example.com/fatal/locks"
)

func main() {
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		panic(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		os.Exit(0)
	}()
	for {
		conn, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(conn)
	}
}

func serve(conn net.Conn) {
	asked := bufio.NewScanner(conn)
	for asked.Scan() {
		switch asked.Text() {
		case "panic":
			var labels map[string]string
			labels["a"] = "b"
		case "exit":
			os.Exit(3)
		case "deaf":
			signal.Ignore(syscall.SIGQUIT)
			locks.Twice(&sync.Mutex{})
		case "deadlock":
			var each sync.WaitGroup
			cache := &sync.Mutex{}
			cache.Lock()
			for i := 0; i < 3; i++ {
				each.Add(1)
				go func() {
					defer each.Done()
					locks.Wait(cache)
				}()
			}
			each.Wait()
		}
		fmt.Fprintln(conn, "done")
	}
}
