package locking

import (
	"cmp"
	"errors"

	"parcon/experiments/card"
	"parcon/runner/protocol"
)

// Lanes are units that make tries at the same time, each with what only it uses. What
// takes the time of a try is waiting.
type lanes[U any] []U

// How many lanes there are at most.
const (
	abreast = 12 // of goroutines
	stages  = 2  // of processes, whose start is dear
)

// makers make the units of one lane.
type makers[U any] struct {
	goroutines func() U
	processes  func(card.Trial, *stage) (U, error)
	// most lanes of goroutines and of processes; 0 for abreast and stages
	abreast, stages int
}

// session is one in whose trial units run: processes if the variant says so.
func (m makers[U]) session(t card.Trial, run func(lanes[U]) (protocol.Measurement, error)) (card.Session, error) {
	var all lanes[U]
	var set []*stage
	end := func() (err error) {
		for _, s := range set {
			err = errors.Join(err, s.clear())
		}
		return err
	}
	if t.Get("unit") == process {
		for range min(t.Ops, cmp.Or(m.stages, stages)) {
			s := &stage{}
			set = append(set, s)
			units, err := m.processes(t, s)
			if err != nil {
				return card.Session{}, errors.Join(err, end())
			}
			all = append(all, units)
		}
	} else {
		for range min(t.Ops, cmp.Or(m.abreast, abreast)) {
			all = append(all, m.goroutines())
		}
	}
	return card.Session{Run: func() (protocol.Measurement, error) { return run(all) }, Close: end}, nil
}
