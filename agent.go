package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"parcon/results"
	"parcon/runner/fleet"
	"parcon/runner/link"
)

func agentCommand(stdout, stderr io.Writer) *cobra.Command {
	var to reaching
	var name, dir string
	var pythons []string
	c := &cobra.Command{
		Use:   "agent",
		Short: "Measure on this machine for whoever asks the fleet",
		Long: `Agent joins a fleet: it waits at a NATS server for runs that somebody asks for with
parcon run --fleet, makes them on this machine, one at a time, as parcon run does, and sends the
results to the one who asked. It keeps its own copy in --dir. Any NATS server will do, nothing is kept
on it, and parcon run --fleet --listen brings one along: the agent waits until it is there. Ctrl-C
ends it.

Whoever has the key can make this machine run parcon's own trials, as often and as long as they
like, which uses its processors and memory and fills --dir; can read the results, which name this
machine, its system and its processor; can pretend to be an agent, or to be the one who asks. They cannot
run another program, nor read or write other files: only the options of a run are taken, and
checked as the command line is; which CPythons there are is said here, not there. Without
TLS (tls:// or --ca) the key and all results can be read on the way.`,
		Example: "  parcon agent --nats nats://host:4222 --key-file key",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fleet.CheckName(name); err != nil {
				return wrongUsage("--name: %w", err)
			}
			out := newLines(stderr)
			conn, err := to.await(cmd.Context(), "parcon agent "+name, out.say)
			if err != nil || conn == nil {
				return err
			}
			defer conn.Close()
			host, _ := os.Hostname()
			a := &fleet.Agent{
				Conn: conn, Identity: identity(), Name: name, Host: host, Say: out.say,
				Begin: func(o fleet.Order) (fleet.Errand, error) {
					return errand(cmd.Context(), o, filepath.Join(dir, o.Run, name), pythons, stdout, stderr)
				},
			}
			return a.Serve(cmd.Context())
		},
	}
	f := c.Flags()
	to.flags(f)
	f.StringVar(&name, "name", hostName(), "how this machine is called in the fleet")
	f.StringVar(&dir, "dir", filepath.Join("run", "agent"), "folder for its own copies of the results")
	f.StringArrayVar(&pythons, "python", nil, "a CPython to measure beside, as of parcon run")
	return c
}

// patient is the time between two attempts of an agent to reach a server: there may be
// none for days, and others measure on this machine.
const patient = 500 * time.Millisecond

// await connects as soon as there is a server, or returns none when ctx ends.
func (r reaching) await(ctx context.Context, name string, say func(string)) (*nats.Conn, error) {
	for told := false; ; told = true {
		conn, err := r.dial(name, say, nats.ReconnectWait(patient), nats.ReconnectJitter(0, 0))
		if !errors.Is(err, link.ErrNobody) {
			return conn, err
		}
		if !told {
			say(fmt.Sprintf("waiting for the server: %v", err))
		}
		select {
		case <-ctx.Done():
			return nil, nil
		case <-time.After(patient):
		}
	}
}

// hostName is this machine's as a name in a fleet.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || fleet.CheckName(name) != nil {
		return ""
	}
	return name
}

// asked are the options of a run as they travel.
type asked struct {
	Profile string        `json:"profile"`
	Budget  string        `json:"budget,omitempty"`
	Odds    float64       `json:"odds,omitempty"`
	Rounds  int           `json:"rounds,omitempty"`
	Seed    uint64        `json:"seed"`
	Timeout time.Duration `json:"timeout"` // ns
	Names   []string      `json:"names,omitempty"`
}

// options are those that the command line would give.
func (a asked) options() options {
	return options{profile: a.Profile, budget: a.Budget, odds: a.Odds, rounds: a.Rounds, seed: a.Seed, timeout: a.Timeout}
}

// errand is the run that an order asks for, in a folder of its own. What was begun there
// is gone on with.
func errand(ctx context.Context, order fleet.Order, dir string, pythons []string, stdout, stderr io.Writer) (fleet.Errand, error) {
	var a asked
	in := json.NewDecoder(bytes.NewReader(order.Options))
	in.DisallowUnknownFields()
	if err := in.Decode(&a); err != nil {
		return fleet.Errand{}, fmt.Errorf("reading the options of the run: %w", err)
	}
	o := a.options()
	o.pythons = pythons
	if err := o.check(ctx, a.Names); err != nil {
		return fleet.Errand{}, err
	}
	o.out = dir
	path := filepath.Join(dir, trialsFile)
	_, done, _, err := results.Read(ctx, path)
	switch {
	case len(done) > 0:
		o, a.Names = options{profile: defaultOptions().profile, resume: dir, timeout: a.Timeout, pythons: pythons}, nil
	case err == nil: // it was made, and nothing was measured
		if err := os.Remove(path); err != nil {
			return fleet.Errand{}, fmt.Errorf("making room for the run: %w", err)
		}
	}
	return fleet.Errand{
		Trials: path, Lanes: filepath.Join(dir, lanesFile),
		Do: func(ctx context.Context, kept func(), say func(string)) (bool, error) {
			o.kept = kept
			err := measure(ctx, o, a.Names, printer{out: stdout}, io.MultiWriter(stderr, &noted{say: say}))
			if ctx.Err() != nil {
				return false, errors.New("the agent was stopped") // whoever asked goes on otherwise than here
			}
			var failed failedError
			return err == nil || errors.As(err, &failed), err
		},
	}, nil
}

// check says what is wrong with the options of a run, as the command line would.
func (o options) check(ctx context.Context, args []string) error {
	j, err := o.job(ctx, args)
	if err != nil {
		return err
	}
	_, err = j.choose()
	return err
}

// noted hands on the last line that was written to it.
type noted struct {
	say  func(string)
	rest string
}

func (n *noted) Write(p []byte) (int, error) {
	all := strings.Split(n.rest+string(p), "\n")
	n.rest = all[len(all)-1]
	for _, line := range all[:len(all)-1] {
		if strings.HasPrefix(line, "trial ") {
			n.say(line)
		}
	}
	return len(p), nil
}
