// The server program is the servers on system calls; parcon builds and starts it,
// people have no use for it.
package main

import (
	"fmt"
	"os"

	"parcon/experiments/server"
)

func main() {
	if err := server.Main(server.Raw, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
