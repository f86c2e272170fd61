package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"parcon/experiments/taskqueue"
	"parcon/runner/proc"
)

// item stands in a command for the line that is its task.
const item = "{}"

// commandHandler runs a command for each task: item in its arguments is replaced by the
// line, which follows them if it is in none. The answer is what the command prints.
func commandHandler(argv []string) (taskqueue.Handler, error) {
	if len(argv) == 0 || argv[0] == "" {
		return nil, errors.New("the command is empty")
	}
	return func(ctx context.Context, task []byte) ([]byte, error) {
		c := proc.Command(fill(argv, string(task)), os.Environ())
		out, complaint := &head{most: mostPrinted}, &head{most: mostComplaint}
		c.Stdout, c.Stderr, c.WaitDelay = out, complaint, time.Second // what it leaves behind may hold its output
		if err := proc.Start(c); err != nil {
			return nil, err
		}
		stop := context.AfterFunc(ctx, func() { proc.Kill(c) })
		defer stop()
		err := c.Wait()
		if line := firstLine(complaint.kept.String()); err != nil && line != "" {
			err = fmt.Errorf("%w: %s", err, line)
		}
		if err == nil && out.more {
			err = fmt.Errorf("it printed more than %d bytes, the most that an answer may have: let it write to a file", mostPrinted)
		}
		return out.kept.Bytes(), err
	}, nil
}

// What is kept of what a command prints.
const (
	mostPrinted   = 512 << 10
	mostComplaint = 4 << 10
)

// fill puts a line into a command.
func fill(argv []string, line string) []string {
	filled, found := make([]string, 0, len(argv)+1), false
	for _, arg := range argv {
		found = found || strings.Contains(arg, item)
		filled = append(filled, strings.ReplaceAll(arg, item, line))
	}
	if !found {
		filled = append(filled, line)
	}
	return filled
}

// head keeps the first bytes that are written to it, and lets the rest go.
type head struct {
	kept bytes.Buffer // no embedded one: its ReadFrom would take all
	most int
	more bool // there was a rest
}

func (h *head) Write(p []byte) (int, error) {
	room := h.most - h.kept.Len()
	h.more = h.more || len(p) > room
	h.kept.Write(p[:min(len(p), room)])
	return len(p), nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
