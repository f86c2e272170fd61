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
	"parcon/experiments/number"
)

// silence is how long standard input may say nothing at all.
const silence = 10 * time.Second

// read takes a sample of the items, in random order. Without any, the command is run as it is.
func (q asking) read(ctx context.Context, argv []string, stdin *os.File) (items []string, of int, err error) {
	in, from := stdin, "standard input"
	if q.items != "" {
		if in, err = os.Open(q.items); err != nil {
			return nil, 0, fmt.Errorf("opening the items: %w", err)
		}
		defer in.Close()
		from = q.items
	} else if info, err := stdin.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 { // a terminal, or nothing
		in = nil
	}
	if in != nil {
		if items, of, err = q.sample(ctx, in); err != nil {
			return nil, 0, fmt.Errorf("reading the items from %s: %w", from, err)
		}
	}
	if of == 0 && (command.HasPlace(argv) || q.items != "") {
		return nil, 0, errors.New("there are no items: give some, one a line, on standard input or with --items")
	}
	rand.New(rand.NewPCG(q.seed, 1)).Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	return items, of, nil
}

// whatFor says for which items a command is run.
func whatFor(used, of int) string {
	switch {
	case of == 0:
		return "the same command again"
	case of > used:
		return fmt.Sprintf("a random sample of %d of %d items", used, of)
	}
	return number.Plural(of, "item")
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
