// The part program does what mechanisms need another process for; parcon builds
// and starts it, people have no use for it.
package main

import (
	"fmt"
	"os"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
)

func main() {
	if err := card.RunPart(chapters.Cards(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
