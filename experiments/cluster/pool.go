package cluster

import (
	"slices"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/remote"
	"parcon/experiments/section"
	"parcon/experiments/variant"
)

// pool runs the same tasks by worker processes on a queue, by those of a local pool, which
// is fed through pipes (package procpool), and one after another. The tasks are
//
//	none     nothing: what is left is the price of a task
//	compute  computing, of 2 ms
//	wait     waiting for 2 ms
//
// and in the standard profile others that compute for less and for longer, which show from
// which length on the price does not matter any more.
//
// How many tasks a worker takes ahead hides the way to the server and back, but binds tasks
// to a worker.
var pool = card.Card{
	Name: "pool", Doc: "tasks for worker processes on a message queue, beside a local pool and serial code",
	Needs: []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "by", Values: []string{byQueue, byLocal, bySerial}, Words: map[string]string{
			byQueue: "workers on a queue", byLocal: "a local process pool", bySerial: "one after another",
		}},
		{Key: "task", Values: taskNames, Words: map[string]string{"none": "no work", "compute": "computing 2 ms", "wait": "waiting 2 ms", "10us": "computing 10 us", "100us": "computing 100 us", "10ms": "computing 10 ms"}},
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

// How many tasks a worker takes ahead: of those that are nothing by themselves, and of
// others.
const (
	ahead = "64"
	few   = "4"
)

func queued(task string, workers int) variant.Variant {
	prefetch := few
	switch task {
	case "none":
		prefetch = ahead
	case "10ms": // a worker must not hold what another one could begin
		prefetch = "1"
	}
	return card.Of("pool", "by", byQueue, "task", task, "workers", card.Itoa(workers), "prefetch", prefetch, "store", remote.Memory)
}

func locally(by, task string, workers int) variant.Variant {
	return card.Of("pool", "by", by, "task", task, "workers", card.Itoa(workers))
}

// poolTasks is how many a trial runs for a worker: some hundredths of a second.
var poolTasks = map[string]int{"none": 2000, "10us": 1000, "100us": 200, "compute": 40, "10ms": 10, "wait": 40}

// manyTasks is how many of no work on a queue in memory: the first hundredths of a second
// are slower.
const manyTasks = 16_000

// syncedTasks is how many of no work on a server that syncs each.
const syncedTasks = 200

// oneEach is a worker for each core, and two at least.
func oneEach(s card.Scale) int { return max(2, s.Cores) }

func poolCases(s card.Scale) []card.Case {
	many := oneEach(s)
	run := func(v variant.Variant) card.Case {
		workers, _ := v.Int("workers", 1)
		tasks := poolTasks[v.Get("task")]
		if v.Get("store") == remote.Synced {
			tasks = syncedTasks
		}
		return card.Run(tasks*workers, v)
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
	for _, workers := range []int{1, 2, 4, 8} { // what the forecast is made from, and checked by
		cases = append(cases, card.Run(manyTasks, queued("none", workers)), run(queued("compute", workers)), run(queued("wait", workers)))
	}
	for _, task := range taskNames {
		if task != "none" {
			cases = append(cases, run(queued(task, many)))
		}
		cases = append(cases, run(locally(byLocal, task, many)), run(locally(bySerial, task, 1)))
	}
	for _, store := range remote.Stores {
		for _, prefetch := range []string{"1", ahead} {
			if store == remote.Memory && prefetch == ahead {
				continue // is there
			}
			cases = append(cases, run(queued("none", many).With("store", store).With("prefetch", prefetch)))
		}
	}
	return card.Unique(cases)
}

func poolClaims(s card.Scale) []card.Claim {
	many := oneEach(s)
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

// hop is how long a message is taken to be on its way between machines of one network.
const hop = 100 * time.Microsecond

func poolSections() []section.Section {
	beyond := section.Forecast{
		Claims: []string{"D4"},
		Of:     section.Pick{"by", byQueue, "store", remote.Memory},
		Tasks: []section.ForecastTask{
			{Name: "empty tasks", Of: section.Pick{"task", "none", "prefetch", ahead}},
			{Name: "2 ms of computing", Of: section.Pick{"task", "compute"}},
			{Name: "2 ms of waiting", Of: section.Pick{"task", "wait"}, Waits: true},
		},
		Queue: remote.UnitServer, Master: remote.UnitMaster, Worker: remote.UnitWorkers,
		Hop: hop,
	}
	return append([]section.Section{{
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
	}, price}, beyond.Sections()...)
}

// price is what a task costs on a queue more than in a pool of processes here, by its
// length.
var price = section.Section{
	Topic: "The price of a queue",
	Why:   "A task goes to the server and its answer comes back by way of it: that costs the same for short and long ones.",
	Form: section.Table{
		Finding: []section.Clause{
			func(s section.Samples) string {
				local := s.The("by", byLocal, "task", "none")
				return section.Ratio(s.Over(onQueue(local), local, "ns/op"), "a task that is nothing takes %s as long on a queue as in a local pool")
			},
			noMatter,
		},
		Rows: func(s section.Samples) (rows []section.Row) {
			for _, v := range s.With("by", byLocal) {
				rows = append(rows, section.Row{v, onQueue(v)})
			}
			return rows
		},
		Columns: []section.Column{
			section.Under("tasks", section.Value("task")),
			section.Under("local pool: time of a task", func(s section.Samples, row section.Row) string {
				return section.Span("ns/op")(s, row[:1])
			}),
			section.Under("queue: time of a task", func(s section.Samples, row section.Row) string {
				return section.Span("ns/op")(s, row[1:])
			}),
			section.Under("queue over local pool", func(s section.Samples, row section.Row) string {
				return s.Over(row[1], row[0], "ns/op").In(number.Times)
			}),
		},
		Note: "Of as many workers. " + section.Paired,
	},
}

// onQueue is the variant on a queue that a local one stands beside.
func onQueue(local variant.Variant) variant.Variant {
	workers, _ := local.Int("workers", 1)
	return queued(local.Get("task"), workers)
}

// cheap is what a queue may take longer and still be called as cheap.
const cheap = 1.1

// noMatter says from which length of task on the queue takes surely less than a tenth
// longer.
func noMatter(s section.Samples) string {
	from := ""
	for _, task := range slices.Backward([]string{"none", "10us", "100us", "compute", "10ms"}) {
		local := s.The("by", byLocal, "task", task)
		if over := s.Over(onQueue(local), local, "ns/op"); over.N == 0 || !(over.High <= cheap) {
			break
		}
		from = s.Word("task", task)
	}
	if from == "" {
		return ""
	}
	return "within a tenth from " + from + " on"
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
