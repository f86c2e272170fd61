package ipc_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"parcon/experiments/ipc"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

// exampleChild is what the child processes do: the test binary is started again
// as one (see TestMain). The objects are at the positions at which the parent
// attached them.
func exampleChild([]string) error {
	tasks, err := ipc.OpenJoinableQueue(ipc.Inherited(0))
	if err != nil {
		return err
	}
	results, err := ipc.OpenQueue(ipc.Inherited(1))
	if err != nil {
		return err
	}
	ctx := context.Background()
	for {
		task, err := tasks.Get(ctx)
		if err == io.EOF {
			return nil // the queue is closed and empty
		}
		if err != nil {
			return err
		}
		if err := results.Put(ctx, []byte(strings.ToUpper(string(task)))); err != nil {
			return err
		}
		if err := tasks.Done(); err != nil {
			return err
		}
	}
}

// Two processes take tasks from one queue and put results in another.
func Example() {
	if err := shout("each", "word", "went", "through", "a", "process"); err != nil {
		fmt.Println(err)
	}
	// Unordered output:
	// EACH
	// WORD
	// WENT
	// THROUGH
	// A
	// PROCESS
}

func shout(words ...string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	tasks, err := ipc.NewJoinableQueue(2, 100) // 2 messages of up to 100 bytes
	if err != nil {
		return err
	}
	defer tasks.Free()
	results, err := ipc.NewQueue(len(words), 100)
	if err != nil {
		return err
	}
	defer results.Free()

	ctx := context.Background()
	var children []*ipc.Process
	for range 2 {
		cmd := proc.Command([]string{program, "child", "example"}, []string{proctest.QuickExit})
		ipc.Attach(cmd, tasks, results)
		p, err := ipc.Start(cmd, true) // true: they end with this process
		if err != nil {
			return err
		}
		children = append(children, p)
	}
	for _, word := range words {
		if err := tasks.Put(ctx, []byte(word)); err != nil {
			return err
		}
	}
	if err := tasks.Join(ctx); err != nil { // all are done
		return err
	}
	if err := tasks.Close(); err != nil { // so the children end
		return err
	}
	for range words {
		word, err := results.Get(ctx)
		if err != nil {
			return err
		}
		fmt.Println(string(word))
	}
	for _, p := range children {
		if status, err := p.Join(ctx); err != nil || !status.Done() {
			return fmt.Errorf("a child ended with %v, %v", status, err)
		}
	}
	return nil
}
