package costs_test

import (
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/costs"
)

// A pool of three goroutines never has more than three tasks inside.
func Example() {
	m, v, err := card.Parse(costs.Chapter.Cards, "mechanism=flight/pool=pool/workers=3")
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := m.Prepare(card.Trial{Variant: v, Ops: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	result, err := session.Run()
	fmt.Println(result[card.UnitSeen], "of", result[card.UnitTries], err)
	// Output: 2 of 2 <nil>
}
