// The worker program runs tasks for the models that use processes. It is small
// so that a process for one task starts nearly as fast as an empty Go program;
// parcon builds and starts it, people have no use for it.
package main

import (
	"fmt"
	"os"

	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/runner/proc"
)

func main() {
	// A process for one task reads nothing: it need not set up Go's poller.
	in := os.Stdin
	if len(os.Args) > 1 && os.Args[1] != worker.One {
		in = proc.Stdin()
	}
	if err := worker.Main(workload.Workers, os.Args[1:], in, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
