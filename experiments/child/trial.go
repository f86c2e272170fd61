package child

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/workload"
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
	Trace   string   // path of an execution trace to write; "" in every trial that is measured
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
	if strings.HasPrefix(order.Variant, card.Key+"=") {
		return prepareMechanism(order)
	}
	t, err := prepareGrid(order)
	if err != nil {
		return nil, err
	}
	if order.Trace != "" {
		return func() (protocol.Measurement, error) { return t.traced(order) }, nil
	}
	return t.measure, nil
}

// trial is one of the grid that is ready to start.
type trial struct {
	tasks int
	crew  model.Crew
	log   *Record
}

// leastWarm is how many tasks run before those that are measured, at least.
const leastWarm = 2

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
	job := model.Job{Run: log.Run, Report: log.Report, Worker: command, Host: params.Host, Python: order.Setting.python(g.Python)}
	job.Queue = model.Queue{Program: order.Setting.Queue, Dir: order.Setting.Dir, Store: g.Store, Prefetch: g.Prefetch}
	if order.Trace != "" {
		job = marked(job, g.Workload.Kind)
	}
	crew, err := g.Model.Start(g.Workers, job)
	if err != nil {
		return nil, err
	}
	// As many tasks for all models of one core: in a short trial it tells which began with
	// one that was cold.
	warm := max(leastWarm, min(g.Workers, runtime.GOMAXPROCS(0), runtime.NumCPU()))
	if g.Model.Isolated {
		warm = g.Workers
	}
	if g.Delay > 0 { // tasks with a wait of their own are long, and have nothing to warm
		return &trial{order.Tasks, crew, log}, nil // and to wake thousands of threads for none takes half a second
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
	if c, ok := t.crew.(model.Collector); ok {
		if err := c.Collect(); err != nil {
			return nil, err
		}
	}
	parts, err := partsOf(t.crew)
	if err != nil {
		return nil, err
	}
	threads := countThreads()
	if err := t.crew.Close(); err != nil {
		return nil, err
	}
	m := t.log.measurement(start, end, used)
	maps.Copy(m, parts)
	m["gomaxprocs"] = float64(runtime.GOMAXPROCS(0))
	m["gc-share"] = gc * 1e9 / float64(max(1, used.CPU()))
	if threads > 0 {
		m["threads"] = float64(threads)
	}
	return m, nil
}

// partsOf is what the parts of a crew consumed, of one whose parts are told apart.
func partsOf(crew model.Crew) (map[string]float64, error) {
	if a, ok := crew.(model.Assembly); ok {
		return a.Parts()
	}
	return nil, nil
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
