package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// grace is how long a batch has to end what it started, when it is to end.
const grace = 5 * time.Second

// Try runs a batch in a process of its own, whose program calls Serve, and returns what that
// measured. Nothing of it is left when Try returns.
func Try(ctx context.Context, program []string, b Batch) (protocol.Measurement, error) {
	order, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encoding a batch: %w", err)
	}
	c := proc.Warden(program, os.Environ())
	var out, said bytes.Buffer
	c.Stdout, c.Stderr, c.WaitDelay = &out, &said, time.Second
	in, err := c.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for a batch: %w", err)
	}
	defer Sweep() // it may have been killed
	if err := launch(c); err != nil {
		return nil, fmt.Errorf("starting the process of a batch: %w", err)
	}
	defer buried(c)
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = in.Close()
		select {
		case <-ended:
		case <-time.After(grace):
			proc.Kill(c)
		}
	})
	defer stop()
	_, _ = in.Write(append(order, '\n')) // one that is gone says why below
	err = c.Wait()
	close(ended)
	proc.Kill(c)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if line := proc.FirstLine(said.String()); err != nil && line != "" {
		return nil, errors.New(line)
	}
	if err != nil {
		return nil, fmt.Errorf("the process of a batch ended: %w", err)
	}
	var m protocol.Measurement
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		return nil, fmt.Errorf("the process of a batch said %.80q, which is no measurement: %w", out.String(), err)
	}
	m[protocol.ProcessCPU] = float64(c.ProcessState.UserTime() + c.ProcessState.SystemTime())
	return m, nil
}
