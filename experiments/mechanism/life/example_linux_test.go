package life_test

import (
	"fmt"
	"os"

	"parcon/experiments/mechanism"
	"parcon/experiments/mechanism/life"
)

func Example() {
	m, v, err := mechanism.Parse(life.All, "mechanism=zombie")
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
	// mechanism.RunPart: here the test binary.
	env := mechanism.Env{Part: []string{self, "part", "example"}}
	session, err := m.Prepare(mechanism.Trial{Variant: v, Ops: 2, Env: env})
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := session.Run()
	fmt.Println(got[mechanism.Seen], "zombies in", got[mechanism.Tries], "tries,", err)
	// Output: 2 zombies in 2 tries, <nil>
}
