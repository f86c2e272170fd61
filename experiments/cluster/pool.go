package cluster

import (
	"parcon/experiments/card"
	"parcon/experiments/remote"
	"parcon/experiments/section"
	"parcon/experiments/variant"
)

// pool runs the same tasks by worker processes on a queue, by those of a local pool, which
// is fed through pipes (package procpool), and one after another. The tasks are
//
//	none     nothing: what is left is the price of a task
//	compute  computing, of a millisecond
//	wait     waiting for 2 ms
//
// and in the standard profile others that compute for less and for longer, which show from
// which length on the price does not matter any more.
//
// How many tasks a worker takes ahead hides the way to the server and back, but binds tasks
// to a worker: one is enough where tasks are long.
var pool = card.Card{
	Name: "pool", Doc: "tasks for worker processes on a message queue, beside a local pool and serial code",
	Needs: []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "by", Values: []string{byQueue, byLocal, bySerial}, Words: map[string]string{
			byQueue: "workers on a queue", byLocal: "a local process pool", bySerial: "one after another",
		}},
		{Key: "task", Values: taskNames, Words: map[string]string{"none": "no work", "compute": "computing 1 ms", "wait": "waiting 2 ms", "10us": "computing 10 us", "100us": "computing 100 us", "10ms": "computing 10 ms"}},
		{Key: "workers", Format: "x %s"},
		{Key: "prefetch", Optional: true, Format: "%s ahead"},
		{Key: "store", Values: remote.Stores, Optional: true, Words: map[string]string{
			remote.Memory: "in memory", remote.Disk: "on disk", remote.Synced: "on disk, synced",
		}},
	},
	Cases:    poolCases,
	Claims:   poolClaims,
	Prepare:  preparePool,
	Units:    []string{remote.UnitServer, remote.UnitMaster, remote.UnitWorkers},
	Sections: poolSections,
}

// The values of the key by.
const (
	byQueue  = "queue"
	byLocal  = "local"
	bySerial = "serial"
)

// ahead is how many tasks a worker takes ahead that are nothing by themselves.
const ahead = "64"

func queued(task string, workers int) variant.Variant {
	prefetch := "1"
	if task == "none" {
		prefetch = ahead
	}
	return card.Of("pool", "by", byQueue, "task", task, "workers", card.Itoa(workers), "prefetch", prefetch, "store", remote.Memory)
}

func locally(by, task string, workers int) variant.Variant {
	return card.Of("pool", "by", by, "task", task, "workers", card.Itoa(workers))
}

// poolTasks is how many a trial runs for a worker: some hundredths of a second.
var poolTasks = map[string]int{"none": 2000, "10us": 1000, "100us": 200, "compute": 24, "10ms": 4, "wait": 12}

func poolCases(s card.Scale) []card.Case {
	many := s.Many()
	run := func(v variant.Variant) card.Case {
		workers, _ := v.Int("workers", 1)
		return card.Run(poolTasks[v.Get("task")]*workers, v)
	}
	serial := run(locally(bySerial, "compute", 1))
	cases := []card.Case{
		serial, card.Second(serial), run(locally(bySerial, "wait", 1)),
		run(queued("compute", 1)), run(queued("compute", many)),
		run(queued("wait", 1)), run(queued("wait", many)), run(queued("wait", 2*many)),
	}
	if s.Depth < card.Standard {
		return cases
	}
	for _, workers := range []int{1, 2, 4, 8} {
		for _, task := range []string{"none", "compute", "wait"} {
			cases = append(cases, run(queued(task, workers)))
		}
	}
	for _, task := range taskNames {
		cases = append(cases, run(queued(task, many)), run(locally(byLocal, task, many)), run(locally(bySerial, task, 1)))
	}
	for _, store := range remote.Stores {
		for _, prefetch := range []string{"1", ahead} {
			cases = append(cases, run(queued("none", many).With("store", store).With("prefetch", prefetch)))
		}
	}
	return card.Unique(cases)
}

func poolClaims(s card.Scale) []card.Claim {
	many := s.Many()
	faster := func(of variant.Variant, word card.Word, over variant.Variant) card.Comparison {
		return card.Is(card.Throughput, of, word, over)
	}
	return []card.Claim{{
		ID: "D1", Text: "A task queue and a result queue turn worker processes anywhere into one pool: its tasks are done faster than one after another",
		Caveat: "All are on this machine and meet on its loopback. What a task costs there is more than in a local pool: the standard profile measures how much.",
		Needs:  []card.Need{card.Cores},
		Comparisons: []card.Comparison{
			faster(queued("compute", many), card.More, locally(bySerial, "compute", 1)),
			faster(queued("wait", 2*many), card.More, locally(bySerial, "wait", 1)),
		},
	}, {
		ID: "D4", Text: "More workers do more tasks in a second: of those that wait, and of those that compute while there are cores for them",
		Caveat: "The workers share the cores of this machine with the server and the master, as workers on machines of their own do not.",
		Needs:  []card.Need{card.Cores},
		Comparisons: []card.Comparison{
			faster(queued("compute", many), card.More, queued("compute", 1)),
			faster(queued("wait", many), card.More, queued("wait", 1)),
			faster(queued("wait", 2*many), card.More, queued("wait", many)),
		},
	}}
}

func poolSections() []section.Section {
	return []section.Section{{
		Topic: "One pool of workers on a queue", Claims: []string{"D1", "D4"},
		Form: section.Table{
			Finding: []section.Clause{
				done("wait", "%s as many tasks that wait in a second with twice as many workers as with one for each core"),
				done("compute", "%s as many that compute with a worker for each core as one after another"),
			},
			Rows: section.Each,
			Columns: []section.Column{
				section.Under("tasks", section.Value("task")),
				section.Under("by", section.Value("by")),
				section.Under("workers", section.Value("workers")),
				section.Under("ahead", section.Value("prefetch")),
				section.Under("store", section.Value("store")),
				section.Under("time of a task", section.Span("ns/op")),
				section.Under("CPU time: server", section.Span(remote.UnitServer)),
				section.Under("master", section.Span(remote.UnitMaster)),
				section.Under("workers", section.Span(remote.UnitWorkers)),
			},
			Note: "The time of a task is that of all, divided by their number. CPU times are for a task: the server's and the master's are its price on a queue, the workers' hold its computing. {interval}s. On {cores}.",
		},
	}}
}

// done says how much faster the queue's many workers are.
func done(task, format string) section.Clause {
	return func(s section.Samples) string {
		of, over := s.Last("by", byQueue, "task", task, "store", remote.Memory), s.The("by", bySerial, "task", task)
		if task == "wait" {
			over = of
			if n, err := of.Int("workers", 1); err == nil {
				over = of.With("workers", card.Itoa(n/2))
			}
		}
		return section.Ratio(s.Over(over, of, "ns/op"), format)
	}
}
