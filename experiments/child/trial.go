package child

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"parcon/experiments/card"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/trial"
	"parcon/experiments/tasks/workload"
	"parcon/runner/protocol"
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
	return trial.Follow(in, out, measure)
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
		return func() (protocol.Measurement, error) { return traced(t, order) }, nil
	}
	return t.Measure, nil
}

// leastWarm is how many tasks run before those that are measured, at least.
const leastWarm = 2

// prepareGrid starts the crew and lets it work a little, so that connections,
// pages and branch predictors are not new to it when the clock starts.
func prepareGrid(order Order) (*trial.Trial, error) {
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
	log := trial.NewRecord(order.Tasks, order.Answers, task)
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
		return &trial.Trial{Tasks: order.Tasks, Crew: crew, Log: log}, nil // and to wake thousands of threads for none takes half a second
	}
	if err := crew.Run(min(order.Tasks, warm)); err != nil {
		return nil, err
	}
	return &trial.Trial{Tasks: order.Tasks, Crew: crew, Log: log}, nil
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
