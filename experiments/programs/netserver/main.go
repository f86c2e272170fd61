// The netserver program is the servers on Go's network packages; parcon builds and starts it,
// people have no use for it.
package main

import (
	"fmt"
	"os"

	"parcon/experiments/server"
	"parcon/experiments/server/gonet"
)

func main() {
	if err := server.Main(gonet.Models, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
