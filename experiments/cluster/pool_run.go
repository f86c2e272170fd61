package cluster

import (
	"fmt"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/procpool"
	"parcon/experiments/remote"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// microsecond is how many steps of computing (package lcg) take about one, on the machine
// where the numbers of steps were chosen.
const microsecond = 700

// works is what tasks do, by their names.
var works = map[string]workload.Params{
	"none":    {},
	"10us":    {Size: 10 * microsecond},
	"100us":   {Size: 100 * microsecond},
	"compute": {Size: 2000 * microsecond},
	"10ms":    {Size: 10_000 * microsecond},
	"wait":    {Delay: 2 * time.Millisecond},
}

var taskNames = []string{"none", "10us", "100us", "compute", "10ms", "wait"}

// workOf is what a trial's tasks do.
func workOf(t card.Trial) workload.Params {
	p := works[t.Get("task")]
	p.Name = workload.Steps.Name
	return p
}

// mostWorkers bounds the processes of a trial.
const mostWorkers = 64

// patience is how long a worker of a pool that loses none may say nothing.
const patience = 10 * time.Second

// workerEnv is that of the workers of all pools: each computes one task at a time.
var workerEnv = []string{"GOMAXPROCS=1", "GOGC=100"}

func preparePool(t card.Trial) (card.Session, error) {
	if n := t.Int("workers", 1); n > mostWorkers {
		return card.Session{}, fmt.Errorf("%d worker processes: give at most %d", n, mostWorkers)
	}
	return map[string]func(card.Trial) (card.Session, error){
		byQueue: prepareQueue, byLocal: prepareLocal, bySerial: prepareSerial,
	}[t.Get("by")](t)
}

// start starts a pool on a queue.
func start(t card.Trial, o remote.Order, workers int) (*remote.Pool, error) {
	if len(t.Env.Queue) == 0 {
		return nil, fmt.Errorf("starting a queue: its program is not there: start parcon in the folder of its source")
	}
	return remote.Start(remote.Options{Program: t.Env.Queue, Workers: workers, Env: workerEnv, Order: o})
}

func prepareQueue(t card.Trial) (card.Session, error) {
	work := workOf(t)
	store := t.Get("store")
	if store == "" {
		store = remote.Memory
	}
	p, err := start(t, remote.Order{
		Dir: t.Env.Dir, Store: store, Prefetch: min(t.Int("prefetch", 1), remote.MaxPrefetch), Patience: patience, Params: work.Args(),
	}, t.Int("workers", 1))
	if err != nil {
		return card.Session{}, err
	}
	if err = p.Run(t.Int("workers", 1)); err != nil { // so that what the first ones find cold is not measured
		p.Kill()
		return card.Session{}, err
	}
	return card.Session{Run: func() (protocol.Measurement, error) { return measureQueue(p, t.Ops, work.Size) }, Close: p.Close}, nil
}

func measureQueue(p *remote.Pool, n, steps int) (protocol.Measurement, error) {
	before, err := p.Usage()
	if err != nil {
		return nil, err
	}
	begin := clock.Now()
	if err := p.Run(n); err != nil {
		return nil, err
	}
	took := clock.Now() - begin
	after, err := p.Usage()
	if err != nil {
		return nil, err
	}
	used := after.Since(before)
	m := protocol.Measurement(used.Each(n))
	m["ns/op"] = float64(took) / float64(n)
	m["cpu-ns/op"] = float64(used.All().CPU()) / float64(n)
	m["cores-busy"] = float64(used.All().CPU()) / float64(took)
	return m, p.Answers(n, checker(steps))
}

// checker says what is wrong with an answer.
func checker(steps int) func(task int, body []byte) error {
	return func(task int, body []byte) error {
		result, err := worker.ParseResult(body)
		if err != nil {
			return err
		}
		return checkAnswer(task, steps, result.Answer)
	}
}

func checkAnswer(task, steps int, got uint64) error {
	if want := workload.StepsAnswer(task, steps); got != want {
		return fmt.Errorf("task %d gave the answer %d, want %d", task, got, want)
	}
	return nil
}

func prepareLocal(t card.Trial) (card.Session, error) {
	work := workOf(t)
	argv := append(append(append([]string{}, t.Env.Worker...), worker.Serve), work.Args()...)
	workers := t.Int("workers", 1)
	p, err := procpool.Start(argv, procpool.Options{Workers: workers, Env: workerEnv})
	if err != nil {
		return card.Session{}, err
	}
	tasks := func(n int) error {
		return p.Map(n, worker.Request, func(task int, answer []byte) error { return checker(work.Size)(task, answer) })
	}
	if err := tasks(workers); err != nil {
		return card.Session{}, fmt.Errorf("warming up a local pool: %w", err)
	}
	return card.Session{Run: func() (protocol.Measurement, error) { return protocol.Measurement{}, tasks(t.Ops) }, Close: p.Close}, nil
}

func prepareSerial(t card.Trial) (card.Session, error) {
	work := workOf(t)
	task, err := workload.Steps.New(work)
	if err != nil {
		return card.Session{}, err
	}
	tasks := func(n int) error {
		for i := range n {
			answer, err := task(workload.Seed(i))
			if err == nil {
				err = checkAnswer(i, work.Size, answer)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return card.Session{Run: func() (protocol.Measurement, error) { return protocol.Measurement{}, tasks(t.Ops) }}, tasks(1)
}
