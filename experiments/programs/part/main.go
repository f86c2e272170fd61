// The part program does what mechanisms need another process for; parcon builds
// and starts it, people have no use for it.
package main

import (
	"fmt"
	"os"

	"parcon/experiments/mechanism"
	"parcon/experiments/mechanism/all"
)

func main() {
	if err := mechanism.RunPart(all.Mechanisms, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
