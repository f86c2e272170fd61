package child

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"parcon/experiments/mechanism"
	"parcon/experiments/model"
	"parcon/experiments/variant"
	"parcon/experiments/workload"
	"parcon/runner/clock"
	"parcon/runner/proc"
	"parcon/runner/protocol"
	"parcon/runner/usage"
)

// An Order is all that a trial needs to know: the first line on its standard
// input, as JSON.
type Order struct {
	Variant string
	Tasks   int
	Setting Setting
	Answers []uint64 // the right one for each seed
}

// MaxWorkers is the most workers that a variant may name: every one is a
// goroutine at least, and may be a thread or a process.
const MaxWorkers = 100_000

// Grid is a parsed variant of the grid: workload x model x workers.
type Grid struct {
	Workload workload.Workload
	Share    int
	Delay    time.Duration // 0: the run's
	Length   time.Duration // of a CPU-bound task; 0: the run's
	Model    model.Model
	Workers  int
}

// GridKeys are the keys of a variant of the grid. twin tells apart two that are
// the same.
var GridKeys = []string{"workload", "cpu", "delay", "length", "model", "workers", "twin"}

// ParseGrid reads a variant's name and says what is wrong with it.
func ParseGrid(name string) (Grid, error) {
	v, err := variant.Parse(name)
	if err != nil {
		return Grid{}, err
	}
	var g Grid
	for _, key := range v.Keys() {
		if !slices.Contains(GridKeys, key) {
			return g, fmt.Errorf("variant %q: there is no key %q: use %s", name, key, strings.Join(GridKeys, ", "))
		}
	}
	if g.Workload, err = workload.Find(Workloads, v.Get("workload")); err != nil {
		return g, err
	}
	if g.Model, err = model.Find(v.Get("model")); err != nil {
		return g, err
	}
	if g.Share, err = v.Int("cpu", 50); err != nil {
		return g, err
	}
	if g.Share < 0 || g.Share > 100 {
		return g, fmt.Errorf("variant %q: cpu=%d: give a share from 0 to 100 percent", name, g.Share)
	}
	if v.Get("cpu") != "" && g.Workload.Kind != workload.Mix {
		return g, fmt.Errorf("variant %q: tasks of %s have no cpu=: it is for workload=mix", name, g.Workload.Name)
	}
	if g.Delay, err = duration(v, "delay"); err != nil {
		return g, err
	}
	if g.Length, err = duration(v, "length"); err != nil {
		return g, err
	}
	if g.Length > 0 && (g.Workload.Kind != workload.CPU || !g.Workload.Sized) {
		return g, fmt.Errorf("variant %q: tasks of %s have no length=: it is for CPU-bound ones", name, g.Workload.Name)
	}
	if g.Workers, err = v.Int("workers", 1); err != nil {
		return g, err
	}
	if g.Workers < 1 || g.Workers > MaxWorkers {
		return g, fmt.Errorf("workers=%d: give a number from 1 to %d", g.Workers, MaxWorkers)
	}
	return g, nil
}

// duration is the value of a key that is one, 0 if the variant lacks it.
func duration(v variant.Variant, key string) (time.Duration, error) {
	text := v.Get(key)
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("variant %q: %s=%s is not a duration such as 100ms", v, key, text)
	}
	if d <= 0 {
		return 0, fmt.Errorf("variant %q: %s=%s is not a duration above zero such as 100ms", v, key, text)
	}
	return d, nil
}

// runTrial follows the protocol of package protocol.
func runTrial(stdin io.Reader, out io.Writer) error {
	in := bufio.NewReader(stdin)
	var order Order
	if err := receive(in, &order); err != nil {
		return err
	}
	measure, err := prepare(order)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, protocol.Ready); err != nil {
		return err
	}
	if _, err := in.ReadString('\n'); err != nil {
		return fmt.Errorf("waiting for the start signal: %w", err)
	}
	go proc.WatchParent(in)
	m, err := measure()
	if err != nil {
		return err
	}
	return send(out, m)
}

// prepare makes what an order asks for ready to be measured, once.
func prepare(order Order) (measure func() (protocol.Measurement, error), err error) {
	if order.Tasks < 1 {
		return nil, fmt.Errorf("variant %s: %d tasks: it needs at least 1", order.Variant, order.Tasks)
	}
	if strings.HasPrefix(order.Variant, mechanism.Key+"=") {
		return prepareMechanism(order)
	}
	t, err := prepareGrid(order)
	if err != nil {
		return nil, err
	}
	return t.measure, nil
}

// trial is one of the grid that is ready to start.
type trial struct {
	tasks int
	crew  model.Crew
	log   *Record
}

// prepareGrid starts the crew and lets it work a little, so that connections,
// pages and branch predictors are not new to it when the clock starts.
func prepareGrid(order Order) (*trial, error) {
	if len(order.Answers) != workload.Seeds {
		return nil, fmt.Errorf("variant %s: the right answers of %d seeds, want %d: its reference was not computed", order.Variant, len(order.Answers), workload.Seeds)
	}
	g, params, task, err := order.Task()
	if err != nil {
		return nil, err
	}
	command, err := workerCommand(order.Setting.Worker, params)
	if err != nil {
		return nil, err
	}
	// Go gives up at 10,000 threads unless it is told that they are meant.
	debug.SetMaxThreads(10_000 + 2*g.Workers)
	log := NewRecord(order.Tasks, order.Answers, task)
	crew, err := g.Model.Start(g.Workers, model.Job{Run: log.Run, Report: log.Report, Worker: command})
	if err != nil {
		return nil, err
	}
	warm := min(g.Workers, runtime.NumCPU())
	if g.Model.Isolated {
		warm = g.Workers
	}
	if g.Delay > 0 {
		warm = 0 // tasks with a wait of their own are long, and have nothing to warm
	}
	if err := crew.Run(min(order.Tasks, warm)); err != nil {
		return nil, err
	}
	return &trial{order.Tasks, crew, log}, nil
}

// workerCommand is the small worker program if it knows the workload, else
// this program.
func workerCommand(small []string, params workload.Params) (model.WorkerCommand, error) {
	c := model.WorkerCommand{
		Program: small, Params: params.Args(),
		// A worker runs one task at a time, its garbage collector included.
		Env: []string{"GOMAXPROCS=1", "GOGC=" + os.Getenv("GOGC")},
	}
	if _, err := workload.Find(workload.All, params.Name); err == nil && len(small) > 0 {
		return c, nil
	}
	self, err := os.Executable()
	if err != nil {
		return c, fmt.Errorf("finding the path of this program, to start it as a worker: %w", err)
	}
	c.Program = []string{self, Argument, Worker}
	return c, nil
}

// measure runs the tasks and returns the values of the result line.
func (t *trial) measure() (protocol.Measurement, error) {
	t.log.reset()
	ended := usage.Children()
	before, err := t.usage(usage.Self)
	if err != nil {
		return nil, err
	}
	gcBefore, start := gcSeconds(), clock.Now()
	if err := t.crew.Run(t.tasks); err != nil {
		return nil, err
	}
	end := clock.Now()
	gc := gcSeconds() - gcBefore
	after, err := t.usage(usage.SelfAfter)
	if err != nil {
		return nil, err
	}
	used := after.Since(before)
	if usage.Children() != ended {
		used.NoRunDelay = true // that of processes which ended is not in it
	}
	threads := countThreads()
	if err := t.crew.Close(); err != nil {
		return nil, err
	}
	m := t.log.measurement(start, end, used)
	m["gomaxprocs"] = float64(runtime.GOMAXPROCS(0))
	m["gc-share"] = gc * 1e9 / float64(max(1, used.CPU()))
	if threads > 0 {
		m["threads"] = float64(threads)
	}
	return m, nil
}

// usage adds up this process, its ended children and the crew's live ones.
func (t *trial) usage(self func() usage.Usage) (usage.Usage, error) {
	crew, err := t.crew.Usage()
	return self().Plus(usage.Children()).Plus(crew), err
}

// gcSeconds is the CPU time of the garbage collector in this process, as of
// the end of its last cycle.
func gcSeconds() float64 {
	sample := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64 {
		return 0
	}
	return sample[0].Value.Float64()
}

// countThreads counts this process's threads, 0 where the system does not tell.
func countThreads() int {
	tasks, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		return 0
	}
	return len(tasks)
}
