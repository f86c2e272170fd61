package advice_test

import (
	"fmt"

	"parcon/report/advice"
)

// A command that is alone under a lock for a third of its time: three at once do three times as
// much, and more bring nothing.
func Example() {
	setting := advice.Setting{Cores: 2, Most: 16}
	var trials []advice.Trial
	for round := 0; ; round++ {
		next := advice.Next(setting, trials)
		if len(next) == 0 {
			break
		}
		for _, workers := range next {
			rate := min(10*float64(workers), 30)
			trials = append(trials, advice.Trial{Round: round, Workers: workers, Rate: rate, Busy: 0.1, CPU: 0.01, Took: float64(workers) / rate})
		}
	}
	fmt.Println(advice.Of(setting, trials))
	// Output:
	// run 3 at once: 3.00x as many in a second as one (3.00 to 3.00); 4 and more bring less than 2 % more; the limit is the command's own lock, or what all of them ask (workers wait, and 0.10 of 2.00 cores are busy)
}
