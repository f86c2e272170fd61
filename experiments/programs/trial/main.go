// The trial program runs one trial in a process of its own; parcon builds and
// starts it, people have no use for it.
package main

import (
	"fmt"
	"os"

	"parcon/experiments/child"
)

func main() {
	child.Main()
	fmt.Fprintln(os.Stderr, "this program is started by parcon, not by hand: see go run . --help")
	os.Exit(2)
}
