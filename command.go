package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"parcon/experiments/command"
	"parcon/experiments/taskqueue"
)

// commandHandler runs a command for each task: {} in its arguments is replaced by the
// line, which follows them if it is in none. The answer is what the command prints.
func commandHandler(argv []string) (taskqueue.Handler, error) {
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("the command is empty")
	}
	return func(ctx context.Context, line []byte) ([]byte, error) {
		done, err := command.Task{Argv: command.Fill(argv, string(line)), Env: os.Environ(), Keep: mostPrinted}.Run(ctx)
		if err == nil && done.More {
			err = fmt.Errorf("it printed more than %d bytes, the most that an answer may have: let it write to a file", mostPrinted)
		}
		return done.Out, err
	}, nil
}

// mostPrinted is how much of what a command prints is kept, in bytes.
const mostPrinted = 512 << 10
