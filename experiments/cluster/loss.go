package cluster

import (
	"errors"
	"fmt"
	"os"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/remote"
	"parcon/experiments/scratch"
	"parcon/experiments/section"
	"parcon/experiments/tasks/workload"
	"parcon/runner/protocol"
)

// loss kills a worker (SIGKILL) while it computes, or the server, which is started again
// on its files, and looks whether every task is answered once, and rightly. Each try is a
// job of its own on the same pool: its tasks are as many as keep the workers busy beyond
// the kill. Tasks of a worker that says nothing any more are given to others after 40 ms;
// what is killed is replaced.
var loss = card.Card{
	Name: "loss", Doc: "is every task answered once when a worker or the server is killed?",
	Keys: []card.Choice{
		{Key: "killed", Values: []string{"worker", "server"}},
		{Key: "store", Values: remote.Stores},
	},
	Label:       "every task answered once",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Cases:       lossCases,
	Claims:      lossClaims,
	Prepare:     prepareLoss,
	Counts:      []string{unitAgain, unitDoubled},
	Sections:    lossSections,
}

// The units: tasks that were handed out a second time, and answers that the master had
// already, in all tries.
const (
	unitAgain   = "again"
	unitDoubled = "doubled"
)

func lossOf(killed, store string, tries int) card.Case {
	return card.Run(tries, card.Of("loss", "killed", killed, "store", store))
}

// lossTries are those of a trial, of a tenth of a second each.
const lossTries = 12

func lossCases(s card.Scale) []card.Case {
	worker := lossOf("worker", remote.Memory, lossTries)
	cases := []card.Case{worker, card.Second(lossOf("worker", remote.Memory, 1))}
	if s.Depth >= card.Standard {
		cases = append(cases, lossOf("worker", remote.Synced, lossTries), lossOf("server", remote.Synced, lossTries/2), lossOf("server", remote.Disk, lossTries/2))
	}
	return cases
}

func lossClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID: "D3", Text: "The queues live with the master: when a worker is killed, each of its tasks is answered once, none is lost and none answered twice",
		Caveat:      "A task that a worker had may be computed again; the master lets its second answer pass no more than the first one's copy.",
		Comparisons: []card.Comparison{card.Always(card.Seen, lossOf("worker", remote.Memory, 1).Variant)},
	}}
}

func lossSections() []section.Section {
	return []section.Section{{
		Topic: "Killed while at work", Claims: []string{"D3"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted(card.UnitSeen, "every task was answered once after %s killed workers", "killed", "worker"),
				section.Counted(card.UnitSeen, "after %s killed servers", "killed", "server"),
			},
			Rows: section.Each,
			Columns: []section.Column{
				section.Under("killed", section.Value("killed")),
				section.Under("store", section.Value("store")),
				section.Under("every task answered once", section.Count(card.UnitSeen)),
				section.Under("tasks handed out again", section.Number(unitAgain)),
				section.Under("second answers, which the master dropped", section.Number(unitDoubled)),
			},
			Note: "A try is a job during which one process is killed by SIGKILL. The server is started again on its files. That a file survives the death of the server says nothing of a loss of power: only a synced store promises that.",
		},
	}}
}

// The job of a try: the worker that is killed has tasks by then.
const (
	lossWorkers = 2
	lossTasks   = 24
	lossSteps   = 500 * microsecond
	lossAfter   = 3 * time.Millisecond
	lossSilence = 40 * time.Millisecond
)

func prepareLoss(t card.Trial) (card.Session, error) {
	if t.Get("killed") == "server" && t.Get("store") == remote.Memory {
		return card.Session{}, errors.New("a server loses what it keeps in memory when it is killed: use store=disk or store=synced")
	}
	work := workload.Params{Name: workload.Steps.Name, Size: lossSteps}
	dir, remove, err := folder(t)
	if err != nil {
		return card.Session{}, err
	}
	p, err := start(t, remote.Order{
		Dir: dir, Keep: true, Store: t.Get("store"), Prefetch: 4, Patience: lossSilence, Params: work.Args(),
	}, lossWorkers)
	if err != nil {
		remove()
		return card.Session{}, err
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) { return lose(p, t) },
		Close: func() error {
			defer remove()
			return p.Close()
		},
	}, nil
}

// folder is for the server's files, which outlive it.
func folder(t card.Trial) (dir string, remove func(), err error) {
	if dir, err = os.MkdirTemp(t.Env.Dir, scratch.Name()+"-*"); err != nil {
		return "", nil, fmt.Errorf("making a folder for the server of a queue: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// lose makes the tries of a trial.
func lose(p *remote.Pool, t card.Trial) (protocol.Measurement, error) {
	again, doubled := 0, 0
	m, err := card.Try(t.Ops, func(int) (bool, error) {
		p.Begin(lossTasks)
		time.Sleep(lossAfter)
		kill := p.Replace
		if t.Get("killed") == "server" {
			kill = p.Restart
		}
		if err := kill(); err != nil {
			return false, err
		}
		tally, err := p.Done()
		if err != nil {
			return false, err
		}
		again, doubled = again+tally.Again, doubled+tally.Doubled
		if tally.Lost > 0 {
			return false, nil
		}
		return true, p.Answers(lossTasks, checker(lossSteps))
	})
	if err == nil {
		m[unitAgain], m[unitDoubled] = float64(again), float64(doubled)
	}
	return m, err
}
