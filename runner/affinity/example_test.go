package affinity_test

import (
	"errors"
	"fmt"

	"parcon/runner/affinity"
)

func Example() {
	all, err := affinity.Cores()
	if errors.Is(err, affinity.ErrUnsupported) {
		all = []int{0} // elsewhere than on Linux: whatever there is
	}
	err = affinity.Process(all[0])
	fmt.Println(err == nil || errors.Is(err, affinity.ErrUnsupported))
	if err == nil {
		err = affinity.Process(all...) // back to all of them
		fmt.Println(err)
	} else {
		fmt.Println(nil)
	}
	// Output:
	// true
	// <nil>
}
