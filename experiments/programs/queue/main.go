// The queue program is the server, the master and the workers of a pool on a message
// queue; parcon builds and starts it, people have no use for it.
package main

import (
	"fmt"
	"os"

	"parcon/experiments/remote/role"
)

func main() {
	if err := role.Main(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
