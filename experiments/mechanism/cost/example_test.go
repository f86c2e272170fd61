package cost_test

import (
	"fmt"

	"parcon/experiments/mechanism"
	"parcon/experiments/mechanism/cost"
)

// A pool of three goroutines never has more than three tasks inside.
func Example() {
	m, v, err := mechanism.Parse(cost.All, "mechanism=flight/pool=pool/workers=3")
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := m.Prepare(mechanism.Trial{Variant: v, Ops: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	result, err := session.Run()
	fmt.Println(result[mechanism.Seen], "of", result[mechanism.Tries], err)
	// Output: 2 of 2 <nil>
}
