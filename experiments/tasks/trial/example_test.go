package trial_test

import (
	"fmt"

	"parcon/experiments/tasks/trial"
)

func ExampleRecord() {
	square := func(seed uint64) (uint64, error) { return seed * seed, nil }
	r := trial.NewRecord(6, []uint64{0, 1, 4}, square) // task 3 has seed 0
	fmt.Println(r.Run(3), r.Report(4, 5, 10, 20))
	// Output: <nil> wrong answer: task 4 gave 5, the serial run gave 1
}
