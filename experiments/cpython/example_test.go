package cpython_test

import (
	"fmt"

	"parcon/experiments/cpython"
)

// What an interpreter says of itself is read here, without one. Find asks the
// one of this machine.
func ExampleParse() {
	for _, answer := range []string{
		"cpython 3.11.7 1 /usr/bin/python3",
		"cpython 3.13.0 0 /opt/python3.13t",
		"pypy 3.10.14 1 /usr/bin/pypy3",
		"cpython 2.6.9 1 /usr/bin/python3.6",
	} {
		i, err := cpython.Parse(answer)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(i)
	}
	// Output:
	// CPython 3.11.7
	// CPython 3.13.0 without GIL
	// it is "pypy", no CPython
	// CPython 2.6.9 is older than 2.7
}
