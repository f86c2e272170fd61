package experiments

import (
	"fmt"

	"parcon/experiments/child"
	"parcon/experiments/mechanism"
	"parcon/experiments/mechanism/all"
	"parcon/experiments/variant"
	"parcon/experiments/workload"
)

// MostRounds is how many rounds a run may take when only a precision bounds it.
const MostRounds = 100

// Single makes an experiment of variants that a user named, beside their serial
// baselines. It decides no claim.
func Single(names []string, s Scale) (Experiment, error) {
	var cases []Case
	for _, name := range names {
		v, err := variant.Parse(name)
		if err != nil {
			return Experiment{}, err
		}
		if mechanism.Names(v) {
			c, err := singleMechanism(v, s)
			if err != nil {
				return Experiment{}, err
			}
			cases = append(cases, c)
			continue
		}
		g, err := child.ParseGrid(name)
		if err != nil {
			return Experiment{}, err
		}
		base := v.With("model", "serial").With("workers", "1")
		named := Case{v, singleTasks(g.Workload.Kind, g.Workers, s.Cores)}
		cases = append(cases, Case{base, singleTasks(g.Workload.Kind, 1, s.Cores)}, named, twin(named))
	}
	return Experiment{
		Name:     "single",
		Question: fmt.Sprintf("%d variants that were named by hand, beside serial", len(names)),
		Cases:    func(Scale) []Case { return unique(cases) },
		Claims:   func(Scale) []Claim { return nil },
	}, nil
}

// singleMechanism is the case of a mechanism: with as many operations as the
// catalogue gives to this variant, or else to the first of the same mechanism.
func singleMechanism(v variant.Variant, s Scale) (Case, error) {
	if _, _, err := mechanism.Parse(all.Mechanisms, v.String()); err != nil {
		return Case{}, err
	}
	alike := Case{v, 1}
	for _, e := range All {
		for _, c := range e.Cases(Scale{Cores: s.Cores, Depth: Full, System: s.System, Python: true}) {
			if c.Variant.String() == v.String() {
				return c, nil
			}
			if alike.Tasks == 1 && c.Variant.Get(mechanism.Key) == v.Get(mechanism.Key) {
				alike.Tasks = c.Tasks
			}
		}
	}
	return alike, nil
}

// singleTasks is as many tasks as the catalogue's own experiments give to a
// trial of that kind.
func singleTasks(k workload.Kind, workers, cores int) int {
	switch k {
	case workload.IO:
		return waitingWaves * workers
	case workload.None:
		return 100_000
	}
	return computeTasks * cores
}
