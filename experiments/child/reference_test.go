package child

import (
	"slices"
	"testing"
	"time"

	"parcon/experiments/tasks/workload"
)

func TestCalibrateFindsASize(t *testing.T) {
	var asked []int
	w := workload.Workload{Name: "counted", Sized: true, New: func(p workload.Params) (workload.Task, error) {
		asked = append(asked, p.Size)
		return func(seed uint64) (uint64, error) {
			time.Sleep(time.Duration(p.Size) * 100 * time.Microsecond)
			return seed, nil
		}, nil
	}}
	size, err := calibrate(w, "", 5*time.Millisecond)
	if err != nil || size < 1 {
		t.Errorf("size %d, %v", size, err)
	}
	grow, last := asked[:len(asked)-1], asked[len(asked)-1]
	if grow[0] != 1 || !slices.IsSorted(grow) || len(slices.Compact(slices.Clone(grow))) != len(grow) {
		t.Errorf("sizes %v do not grow from 1", grow)
	}
	// The size that counts was measured, and not reckoned from a smaller one.
	if size < last/2 || size > 2*last {
		t.Errorf("size %d of tasks that were measured with %d", size, last)
	}
	// A length that the smallest task already takes.
	if size, err := calibrate(w, "", 1); err != nil || size != 1 {
		t.Errorf("size %d, %v of the shortest length", size, err)
	}
}
