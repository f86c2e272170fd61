package costs

import (
	"context"
	"errors"
	"fmt"
	"os"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/peer"
	"parcon/experiments/procpool"
	"parcon/experiments/section"
	"parcon/experiments/tasks/model"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// submit gives empty tasks to one pool of processes, which is started and warmed
// up before:
//
//	apply  one by one, waiting for the answer of each (Python's apply)
//	async  all are handed in, then all are awaited (apply_async)
//	map    all together, chunk of them in one message (map with its chunksize)
//
// The transport is pipes or rings in shared memory of package procpool, or
// CPython's multiprocessing.Pool. An operation is one task: a worker gives back
// its number, and every answer is checked.
var submit = card.Card{
	Name: "submit", Doc: "gives an empty task to a pool of processes and takes its answer",
	Needs: []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "way", Values: []string{"apply", "async", "map"}},
		{
			Key: "transport", Values: []string{"pipe", "ring", "cpython"},
			Words: map[string]string{"pipe": "over pipes", "ring": "over a ring", "cpython": "CPython's pool"},
		},
		{Key: "chunk", Optional: true, Format: "chunk %s"},
		{Key: "workers", Format: "x %s"},
	},
	Procs:   submitProcs,
	Cases:   submitCases,
	Claims:  submitClaims,
	Prepare: prepareSubmit,
	Parts: map[string]func([]string) error{
		"pipe": func([]string) error { return procpool.Serve(os.Stdin, os.Stdout, sameNumber) },
		"ring": func([]string) error { return procpool.ServeRing(os.Stdin, sameNumber) },
	},
	Label:    "submitting to a pool",
	Sections: submitSections,
}

func submitSections() []section.Section {
	return []section.Section{{
		Topic: "Handing in work", Claims: []string{"U6"},
		Form: section.Func(handingIn),
	}}
}

func submitted(way, transport string) variant.Variant {
	return card.Of("submit", "way", way, "transport", transport, "workers", "2")
}

// mapped hands the tasks out in chunks.
func mapped(transport string, chunk int) variant.Variant {
	return submitted("map", transport).With("chunk", card.Itoa(chunk))
}

// chunks are how many tasks go to a pool at a time.
var chunks = []int{1, 16, 64}

// submitCases are short: what a round's ratio strays by, 30 % to 50 %, is little beside
// ratios of 20.
func submitCases(s card.Scale) []card.Case {
	var cases []card.Case
	for _, transport := range []string{"pipe", "ring"} {
		cases = append(cases, card.Run(500, submitted("apply", transport)), card.Run(6_000, submitted("async", transport)))
		for _, chunk := range chunks {
			cases = append(cases, card.Run(12_000*min(chunk, 5), mapped(transport, chunk)))
		}
	}
	cases = append(cases, card.Second(card.Run(12_000, mapped("pipe", 1))))
	if !s.CPython() {
		return cases
	}
	cases = append(cases,
		card.Run(250, submitted("apply", "cpython")),
		card.Run(1_500, submitted("async", "cpython")))
	for _, chunk := range chunks {
		cases = append(cases, card.Run(8_000*min(chunk, 8), mapped("cpython", chunk)))
	}
	return cases
}

func submitClaims(card.Scale) []card.Claim {
	faster := func(transport string) card.Comparison {
		return card.Is(card.Throughput, submitted("async", transport), card.More, submitted("apply", transport))
	}
	return []card.Claim{{
		ID:          "U6",
		Caveat:      "Tasks are empty. One that computes for a millisecond gains much less.",
		Text:        "Submitting asynchronously beats submitting one by one and waiting",
		Comparisons: []card.Comparison{faster("pipe"), faster("ring")},
	}}
}

// submitProcs is what the model with the same pool needs.
func submitProcs(v variant.Variant, cores int) int {
	name := "process-pool"
	if v.Get("transport") == "ring" {
		name = "process-pool-ring"
	}
	workers, errInt := v.Int("workers", 1)
	m, err := model.Find(name)
	if err != nil || errInt != nil {
		return cores
	}
	return m.Procs(workers, cores)
}

// maxPool bounds the workers of a pool: each is a process with its pipes.
const maxPool = 10_000

// warmTasks are the tasks before those that are measured, once every worker has
// answered one.
const warmTasks = 64

func prepareSubmit(t card.Trial) (card.Session, error) {
	way, transport, workers := t.Get("way"), t.Get("transport"), t.Int("workers", 1)
	if err := checkPool(workers); err != nil {
		return card.Session{}, err
	}
	if t.Get("chunk") != "" && way != "map" {
		return card.Session{}, fmt.Errorf("chunk=%s with way=%s: only way=map sends chunks", t.Get("chunk"), way)
	}
	if transport == "cpython" {
		args := []string{"way=" + way, "workers=" + t.Get("workers")}
		if t.Get("chunk") != "" {
			args = append(args, "chunk="+t.Get("chunk"))
		}
		return prepareCPython(t, "submit", args...)
	}
	cmd := peer.Part(t, 1, transport)
	pool, err := procpool.Start(cmd.Args, procpool.Options{Workers: workers, Ring: transport == "ring", Env: cmd.Env})
	if err != nil {
		return card.Session{}, err
	}
	finish := func() error { return endPool(pool) }
	give := ways(pool, t.Int("chunk", 1))[way]
	ctx, cancel := context.WithTimeout(context.Background(), patienceFor(10*workers))
	defer cancel()
	if err = meetAll(ctx, pool, workers); err == nil {
		err = give(ctx, warmTasks)
	}
	if err != nil {
		return card.Session{}, errors.Join(fmt.Errorf("warming up a pool of %d processes: %w", workers, err), finish())
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) {
			ctx, cancel := context.WithTimeout(context.Background(), patienceFor(t.Ops))
			defer cancel()
			return timed(t.Ops, func() error { return give(ctx, t.Ops) })
		},
		Close: finish,
	}, nil
}

func checkPool(workers int) error {
	if workers > maxPool {
		return fmt.Errorf("workers=%d: give a number from 1 to %d", workers, maxPool)
	}
	return nil
}

// meetAll waits until every worker has answered: its start is over then.
func meetAll(ctx context.Context, pool *procpool.Pool, workers int) error {
	late := context.AfterFunc(ctx, pool.Terminate)
	defer late()
	answers, err := pool.Each(numberRequest(0, nil))
	if err != nil {
		return err
	}
	if len(answers) != workers {
		return fmt.Errorf("%d workers answered, want %d", len(answers), workers)
	}
	for _, answer := range answers {
		if err := checkNumber(0, answer); err != nil {
			return err
		}
	}
	return nil
}

// endPool lets the workers end, and kills them when that takes too long.
func endPool(pool *procpool.Pool) error {
	pool.Finish()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := pool.Join(ctx)
	if ctx.Err() != nil {
		pool.Terminate()
		err = errors.Join(err, pool.Join(context.Background()))
	}
	return err
}

// ways are the ways to give n tasks to a pool.
func ways(pool *procpool.Pool, chunk int) map[string]func(ctx context.Context, n int) error {
	return map[string]func(ctx context.Context, n int) error{
		"apply": func(ctx context.Context, n int) error {
			var request []byte
			for i := range n {
				request = numberRequest(i, request[:0])
				answer, err := pool.Do(ctx, request)
				if err != nil {
					return fmt.Errorf("task %d of %d: %w", i+1, n, err)
				}
				if err := checkNumber(i, answer); err != nil {
					return err
				}
			}
			return nil
		},
		"async": func(ctx context.Context, n int) error {
			// The end of a context is watched for every request that has one, so
			// only the waiting has it.
			futures := make([]*procpool.Future, n)
			for i := range futures {
				futures[i] = pool.Submit(context.Background(), numberRequest(i, nil), nil)
			}
			for i, future := range futures {
				answer, err := future.Wait(ctx)
				if err != nil {
					if ctx.Err() != nil {
						pool.Terminate()
					}
					return fmt.Errorf("task %d of %d: %w", i+1, n, err)
				}
				if err := checkNumber(i, answer); err != nil {
					return err
				}
			}
			return nil
		},
		"map": func(ctx context.Context, n int) error { return mapAll(ctx, pool, n, chunk) },
	}
}

// mapAll runs n tasks and checks that each was answered once.
func mapAll(ctx context.Context, pool *procpool.Pool, n, chunk int) error {
	answered := make([]byte, n)
	err := pool.MapChunks(ctx, n, chunk, numberRequest, func(i int, answer []byte) error {
		answered[i]++
		return checkNumber(i, answer)
	})
	if err != nil {
		return err
	}
	for i, times := range answered {
		if times != 1 {
			return fmt.Errorf("task %d of %d was answered %d times", i+1, n, times)
		}
	}
	return nil
}

// handingIn shows the chart, and beneath it the ratios with their intervals.
func handingIn(s section.Samples) section.Shown {
	shown := section.Dots{
		Name: "submit",
		Finding: []section.Clause{
			handed("over pipes handing in without waiting does %s the tasks per second", by("async", "pipe"), by("apply", "pipe")),
			section.Lean(
				handed("map over pipes does %s CPython's pool", by("map", "pipe"), by("map", "cpython")),
				handed("over the ring %s", by("map", "ring"), by("map", "cpython"))),
		},
		Rows: []string{"way", "chunk"}, Across: "transport",
		Panels:   []section.Panel{{Title: ", tasks/s", Log: true, Format: number.Rate, Value: section.PerSecond}},
		Subtitle: "Empty tasks per second of a pool of 2 workers, each a process. apply: wait for each answer. async: hand in without waiting. map: all at once, in chunks of so many tasks. ring: shared memory. CPython's pool uses pipes.",
		Note:     section.Medians + " The title has chunk 1. " + section.Paired,
	}.Show(s)
	shown.Head = []string{"tasks per second", "ratio ({interval})"}
	for _, r := range []struct {
		what     string
		of, than section.Pick
	}{
		{"async over apply, over pipes", by("async", "pipe"), by("apply", "pipe")},
		{"async over apply, over the ring", by("async", "ring"), by("apply", "ring")},
		{"map, chunk 1: pipes over CPython's pool", by("map", "pipe"), by("map", "cpython")},
		{"map, chunk 1: ring over CPython's pool", by("map", "ring"), by("map", "cpython")},
		{"map, chunk 1: ring over pipes", by("map", "ring"), by("map", "pipe")},
	} {
		if i := s.Over(s.The(r.than...), s.The(r.of...), "ns/op"); i.N > 0 {
			shown.Rows = append(shown.Rows, []string{r.what, i.In(number.Times)})
		}
	}
	if shown.Figure != nil {
		shown.Note = starting(s.Card("create"))
	}
	return shown
}

// by is a way and a transport, with chunks of one task.
func by(way, transport string) section.Pick {
	if way == "map" {
		return section.Pick{"way", way, "transport", transport, "chunk", "1"}
	}
	return section.Pick{"way", way, "transport", transport}
}

// handed says how many times as many tasks are handed in.
func handed(format string, of, over section.Pick) section.Clause {
	return section.Folded("ns/op", format, over, of)
}
