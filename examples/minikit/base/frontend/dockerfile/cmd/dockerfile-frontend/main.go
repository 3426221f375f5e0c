// Command dockerfile-frontend is the program in the frontend's image.
package main

import (
	"flag"
	"fmt"
	"os"

	"example.com/minikit/frontend/dockerfile/builder"
	"example.com/minikit/frontend/gateway/client"
)

func main() {
	var version bool
	flag.BoolVar(&version, "version", false, "show version")
	flag.Parse()

	if version {
		fmt.Printf("%s %s %s %s\n", os.Args[0], Package, Version, Revision)
		os.Exit(0)
	}

	if err := client.RunFromEnvironment(builder.Build); err != nil {
		fmt.Fprintf(os.Stderr, "fatal error: %+v\n", err)
		panic(err)
	}
}
