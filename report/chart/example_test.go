package chart_test

import (
	"fmt"
	"os"

	"parcon/report/chart"
)

func Example() {
	dir, err := os.MkdirTemp("", "chart")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	figure := chart.Bars(
		chart.Text{Title: "Two cores halve the time of CPU-bound work"},
		[]chart.BarPanel{{
			Title:          "CPU-bound: primes",
			Rows:           []string{"goroutine", "gil"},
			Values:         []chart.Interval{{Estimate: 1.98, Low: 1.96, High: 2}, {Estimate: 1, Low: 0.98, High: 1.01}},
			Reference:      1,
			ReferenceLabel: "1 = serial",
		}}, nil,
	)
	if err := figure.Save(dir, "speedup"); err != nil {
		fmt.Println(err)
		return
	}
	files, err := os.ReadDir(dir)
	for _, f := range files {
		fmt.Println(f.Name())
	}
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// speedup.png
	// speedup.svg
}
