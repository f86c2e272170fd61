// Package runner measures: it lays out which trial runs when, runs each in a
// fresh child process, and appends one line for each to a result file.
//
// It knows nothing of workloads or models. A Case is a name and an order that
// the child understands, so that any experiment fits. Data flows one way:
// experiments, schedule, child, result file. The file is all that later steps
// see.
package runner

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"parcon/results"
	"parcon/runner/protocol"
)

// A Case is one variant to be measured.
type Case struct {
	Variant      string   // name, made of key=value parts
	Block        string   // cases of one block run close together: those that are compared
	ComparedWith []string // variants of its block, which it is to run next to
	Tasks        int      // the iterations of its result line
	Procs        int      // GOMAXPROCS of its process
	Order        any      // what the child is told, as JSON
}

// An Experiment is a set of cases that are compared with each other.
type Experiment struct {
	Name  string // starts with a capital letter: it follows "Benchmark" in the file
	Cases []Case
}

// A Plan is what a run is to do.
type Plan struct {
	Experiments []Experiment
	Seed        uint64        // of the order within rounds
	Rounds      int           // the most rounds
	Sitting     int           // how often it was resumed
	Budget      time.Duration // no round starts that would end after it; 0: none
	// Rest names what needs no trial in a round, by "Experiment/variant": it must
	// depend on the trials of earlier rounds only, of which trials may hold more. A run
	// ends when all rests. nil: nothing ever does.
	Rest func(round int, trials []results.Result) map[string]bool
	// Begin is called before the first trial of each round, with all of it: what trials
	// need anew is made there. Its error ends the run. nil: there is nothing to make.
	Begin func(ctx context.Context, round []results.Slot) error
	// Between is called between the trials of two blocks, where it parts nothing that is
	// compared. Its error ends the run. nil: nothing is to be done there.
	Between func(ctx context.Context) error
}

// A Trier runs one trial: the part of a run that touches the machine.
type Trier func(ctx context.Context, c Case) (protocol.Measurement, error)

// Progress is told of every trial when it has ended.
type Progress func(done results.Result, finished, total int, left time.Duration)

// Run runs the plan's rounds. What trials already holds is not run again. Every new result goes to keep before the next trial starts; an error
// of keep ends the run, because what cannot be kept need not be measured.
// Failed trials do not end it. Run returns all results, old and new, also with
// an error; when ctx ends, that is ctx's.
func Run(ctx context.Context, plan Plan, trials []results.Result, try Trier, keep func(results.Result) error, tell Progress) ([]results.Result, error) {
	started := time.Now()
	done := map[results.Slot]bool{}
	for _, r := range trials {
		done[r.Slot] = true
	}
	var begin time.Duration                  // what Begin took of the last round
	took := map[results.Slot]time.Duration{} // each variant's last trial, by anyRound
	var last results.Slot                    // of the trial before; of the first there is none
	ran := 0
	for round := range plan.Rounds {
		var rest map[string]bool
		if plan.Rest != nil {
			rest = plan.Rest(round, trials)
		}
		slots := Round(plan, round, rest)
		if len(slots) == 0 || plan.Budget > 0 && round > 0 && time.Since(started)+begin+expected(slots, took) > plan.Budget {
			break
		}
		began := time.Now()
		if err := plan.begin(ctx, slots); err != nil {
			return trials, err
		}
		begin = time.Since(began)
		for i, slot := range slots {
			if done[slot] {
				continue
			}
			if err := ctx.Err(); err != nil {
				return trials, err
			}
			if err := plan.between(ctx, last, slot); err != nil {
				return trials, err
			}
			last = slot
			began := time.Now()
			r := one(ctx, plan.find(slot), slot, try)
			took[anyRound(slot)] = time.Since(began)
			r.Sitting = plan.Sitting
			if err := ctx.Err(); err != nil {
				return trials, err // cut short, not failed
			}
			trials = append(trials, r)
			if err := keep(r); err != nil {
				return trials, err
			}
			ran++
			todo := remaining(slots[i+1:], done) + (plan.Rounds-round-1)*len(slots)
			tell(r, len(trials), len(trials)+todo, left(time.Since(started), ran, todo, plan.Budget))
		}
	}
	return trials, nil
}

// expected is how long the trials of a round will take, by what each took when it last ran.
func expected(slots []results.Slot, took map[results.Slot]time.Duration) (sum time.Duration) {
	for _, s := range slots {
		sum += took[anyRound(s)]
	}
	return sum
}

// anyRound stands for all trials of a variant.
func anyRound(s results.Slot) results.Slot {
	return results.Slot{Experiment: s.Experiment, Variant: s.Variant}
}

func (p Plan) begin(ctx context.Context, round []results.Slot) error {
	if p.Begin == nil {
		return nil
	}
	return p.Begin(ctx, round)
}

// between does what is to be done between two trials.
func (p Plan) between(ctx context.Context, last, next results.Slot) error {
	if p.Between == nil || last.Experiment == "" || last.Experiment == next.Experiment && p.find(last).Block == p.find(next).Block {
		return nil
	}
	return p.Between(ctx)
}

// remaining counts the slots that are not done yet.
func remaining(slots []results.Slot, done map[results.Slot]bool) int {
	n := 0
	for _, s := range slots {
		if !done[s] {
			n++
		}
	}
	return n
}

// left guesses the time to the end from the pace so far, and the budget: ran
// trials took spent, rest are to come.
func left(spent time.Duration, ran, rest int, budget time.Duration) time.Duration {
	guess := time.Duration(float64(spent) / float64(ran) * float64(rest))
	if budget > 0 {
		guess = min(guess, budget-spent)
	}
	return max(guess, 0)
}

func one(ctx context.Context, c Case, slot results.Slot, try Trier) results.Result {
	values, err := try(ctx, c)
	if err == nil {
		if err = results.Sound(values); err != nil {
			err = fmt.Errorf("what it says of itself is no measurement: %w", err)
		}
	}
	if err != nil {
		return results.Result{Slot: slot, Failed: cmp.Or(err.Error(), results.NoReason)}
	}
	return results.Result{Slot: slot, Values: values}
}

func (p Plan) find(s results.Slot) Case {
	for _, e := range p.Experiments {
		if e.Name != s.Experiment {
			continue
		}
		for _, c := range e.Cases {
			if c.Variant == s.Variant {
				return c
			}
		}
	}
	panic(fmt.Sprintf("schedule names %v, which the plan does not hold", s))
}
