package life_test

import (
	"fmt"
	"os"

	"parcon/experiments/card"
	"parcon/experiments/life"
)

func Example() {
	m, v, err := card.Parse(life.Chapter.Cards, "mechanism=zombie")
	if err != nil {
		fmt.Println(err)
		return
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Println(err)
		return
	}
	// A program that gives its arguments after "part" and a mark to
	// card.RunPart: here the test binary.
	env := card.Env{Part: []string{self, "part", "example"}}
	session, err := m.Prepare(card.Trial{Variant: v, Ops: 2, Env: env})
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := session.Run()
	fmt.Println(got[card.UnitSeen], "zombies in", got[card.UnitTries], "tries,", err)
	// Output: 2 zombies in 2 tries, <nil>
}
