package gil_test

import (
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/gil"
)

// A request of a millisecond, alone.
func Example() {
	one, v, err := card.Parse(gil.Chapter.Cards, "mechanism=convoy/way=goroutine/load=0")
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := one.Prepare(card.Trial{Variant: v, Ops: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	units, err := session.Run()
	fmt.Println(units["request-p50-ns"] >= 1e6, err, session.Close())
	// Output: true <nil> <nil>
}
