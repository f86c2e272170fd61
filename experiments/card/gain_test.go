package card_test

import (
	"fmt"

	"parcon/experiments/card"
)

func ExampleReached() {
	// A task that keeps a core busy for 58 % of its time cannot become faster than 1.72x.
	limit := card.Limit(1000, 580, 8)
	fmt.Printf("%.2f %.2f\n", limit, card.Reached(1.36, limit))
	// One that only waits: as many times as there are workers.
	limit = card.Limit(1000, 1, 8)
	fmt.Printf("%.2f %.2f\n", limit, card.Reached(4.5, limit))
	// One that only computes has nothing to gain.
	fmt.Println(card.Reached(1.01, card.Limit(1000, 1000, 8)))
	// Output:
	// 1.72 0.50
	// 8.00 0.50
	// NaN
}
