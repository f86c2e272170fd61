package cgroup_test

import (
	"fmt"
	"runtime"

	"parcon/runner/cgroup"
)

func ExampleQuota() {
	usable := float64(runtime.NumCPU())
	if cores, limited := cgroup.Quota(); limited {
		usable = min(usable, cores)
	}
	fmt.Println("there is something to compute with:", usable > 0)
	// Output: there is something to compute with: true
}

func ExampleThrottled() {
	before, known := cgroup.Throttled()
	after, _ := cgroup.Throttled()
	fmt.Println("it only grows, where it is known:", !known || after >= before)
	// Output: it only grows, where it is known: true
}
