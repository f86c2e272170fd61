package sharing_test

import (
	"fmt"

	"parcon/experiments/mechanism"
	"parcon/experiments/mechanism/sharing"
)

// A goroutine shares its creator's memory: every write is seen.
func Example() {
	m, v, err := mechanism.Parse(sharing.All, "mechanism=isolation/unit=goroutine")
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := m.Prepare(mechanism.Trial{Variant: v, Ops: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	units, err := session.Run()
	fmt.Println(units[mechanism.Seen], "of", units[mechanism.Tries], err)
	// Output: 100 of 100 <nil>
}
