package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"parcon/experiments/command"
)

// silence is how long standard input may say nothing at all.
const silence = 10 * time.Second

// read takes a sample of the items. Without any, the command is run as it is.
func (q asking) read(ctx context.Context, argv []string, stdin *os.File) (items []string, note string, err error) {
	in, from := stdin, "standard input"
	if q.items != "" {
		if in, err = os.Open(q.items); err != nil {
			return nil, "", fmt.Errorf("opening the items: %w", err)
		}
		defer in.Close()
		from = q.items
	} else if info, err := stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 { // a terminal, or nothing
		in = nil
	}
	of := 0
	if in != nil {
		if items, of, err = q.sample(ctx, in); err != nil {
			return nil, "", fmt.Errorf("reading the items from %s: %w", from, err)
		}
	}
	switch {
	case of == 0 && (command.HasPlace(argv) || q.items != ""):
		return nil, "", fmt.Errorf("there are no items: give some, one a line, on standard input or with --items")
	case of == 0:
		return nil, "the same command again", nil
	case of > len(items):
		note = fmt.Sprintf("a random sample of %d of %d items", len(items), of)
	default:
		note = fmt.Sprintf("%d items", of)
	}
	return items, note, nil
}

// sample reads items until ctx ends, or nothing comes.
func (q asking) sample(ctx context.Context, in io.Reader) (items []string, of int, err error) {
	heard := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() { // it may wait for ever: then nobody waits for it
		defer close(done)
		items, of, err = command.Sample(noting{in, heard}, q.null, command.MostItems, rand.New(rand.NewPCG(q.seed, 0)))
	}()
	limit := time.NewTimer(silence)
	defer limit.Stop()
	for quiet := limit.C; ; {
		select {
		case <-done:
			return items, of, err
		case <-heard:
			quiet = nil
		case <-quiet:
			return nil, 0, fmt.Errorf("nothing came in %v: end it, or add </dev/null to run the same command again", silence)
		case <-ctx.Done():
			return nil, 0, errors.New("stopped before their end")
		}
	}
}

// noting tells when something was read.
type noting struct {
	io.Reader
	heard chan<- struct{}
}

func (n noting) Read(p []byte) (int, error) {
	k, err := n.Reader.Read(p)
	if k > 0 {
		select {
		case n.heard <- struct{}{}:
		default:
		}
	}
	return k, err
}
