package sharing_test

import (
	"fmt"

	"parcon/experiments/card"
	"parcon/experiments/sharing"
)

// A goroutine shares its creator's memory: every write is seen.
func Example() {
	m, v, err := card.Parse(sharing.Chapter.Cards, "mechanism=isolation/unit=goroutine")
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := m.Prepare(card.Trial{Variant: v, Ops: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	units, err := session.Run()
	fmt.Println(units[card.UnitSeen], "of", units[card.UnitTries], err)
	// Output: 100 of 100 <nil>
}
