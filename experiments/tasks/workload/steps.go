package workload

import "parcon/experiments/lcg"

// Steps computes Params.Size steps of package lcg after it has waited for Params.Delay. Its
// answer is known without computing it (StepsAnswer), so cards use it that are not of the
// grid: no reference is made for them.
var Steps = Workload{
	Name: "steps", Kind: CPU,
	Doc: "waits, and computes steps of a linear congruential generator",
	New: func(p Params) (Task, error) {
		return func(seed uint64) (uint64, error) {
			if p.Delay > 0 {
				p.Sleep(p.Delay)
			}
			return lcg.Steps(seed, p.Size), nil
		}, nil
	},
}

// StepsAnswer is the right answer of task number task of so many steps.
func StepsAnswer(task, steps int) uint64 { return lcg.Leap(Seed(task), steps) }

// Workers lists what a worker process can run.
var Workers = append(append([]Workload{}, All...), Steps)
