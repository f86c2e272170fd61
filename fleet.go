package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/pflag"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/report"
	"parcon/results"
	"parcon/runner/fleet"
	"parcon/runner/link"
	"parcon/runner/link/broker"
)

// fleetOptions are what a user can ask of a run of a fleet.
type fleetOptions struct {
	on bool
	reaching
	serving
	patience time.Duration
}

// fleetFlags are those that have a meaning with a fleet only.
var fleetFlags = []string{"nats", "key-file", "ca", "listen", "cert", "cert-key", "patience"}

func (o *fleetOptions) flags(f *pflag.FlagSet) {
	f.BoolVar(&o.on, "fleet", false, "measure on every machine where parcon agent has joined, and put the results side by side")
	o.reaching.flags(f)
	f.StringVar(&o.listen, "listen", "", "with --fleet, in place of --nats: bring a server along, at HOST:PORT; 0.0.0.0:4222 lets other machines in")
	o.serving.flags(f)
	f.DurationVar(&o.patience, "patience", 30*time.Second, "with --fleet: how long a machine may be silent until the run does without it")
}

// check refuses what has no meaning with a fleet, or without one.
func (o fleetOptions) check(run options, f *pflag.FlagSet) error {
	if !o.on {
		for _, name := range fleetFlags {
			if f.Changed(name) {
				return wrongUsage("--%s: it has a meaning with --fleet only", name)
			}
		}
		return nil
	}
	switch {
	case o.listen != "" && (o.url != "" || o.ca != ""), o.listen == "" && o.cert+o.certKey != "":
		return wrongUsage("--listen, with --cert and --cert-key, is for a server that this command brings along; --nats and --ca are for one that is there: give one of them")
	case o.patience < time.Second || o.patience > 24*time.Hour:
		return wrongUsage("--patience %v: give a duration from 1s to 24h", o.patience)
	case len(run.pythons) > 0:
		return wrongUsage("--python: each agent names its own: `parcon agent --python NAME`")
	case run.tasksOf != "":
		return wrongUsage("--tasks-of: a fleet's machines have each their own lengths of tasks")
	}
	return nil
}

// fleetFile is what a run of a fleet is, in its folder.
const fleetFile = "fleet.json"

// fleetRun is what that file holds.
type fleetRun struct {
	Format int         `json:"format"`
	Run    string      `json:"run"`
	Asked  asked       `json:"asked"`
	Hosts  []fleetHost `json:"hosts"`
	dir    string
}

// fleetHost is an agent that takes part.
type fleetHost struct {
	Name     string `json:"name"`
	Complete bool   `json:"complete"`
}

// identity is what the machines of a fleet must have in common.
func identity() fleet.Identity {
	sum := fnv.New64a()
	scale := card.Scale{Cores: 2, Depth: card.Full, System: "linux", Pythons: []card.Python{"3.11"}}
	for _, c := range chapters.All {
		fmt.Fprintln(sum, c.Name, card.Fingerprint(c.Claims(scale)))
		for _, k := range c.Cases(scale) {
			fmt.Fprintln(sum, k.Variant, k.Tasks)
		}
	}
	return fleet.Identity{Version: link.Version(), Catalogue: fmt.Sprintf("%016x", sum.Sum64())}
}

// measureFleet is the main job of a fleet: understand, gather, have it measured, report.
func measureFleet(ctx context.Context, o options, f fleetOptions, args []string, print printer, stderr io.Writer) error {
	run, err := planFleet(ctx, o, args)
	if err != nil {
		return err
	}
	if run.dir != "" { // nobody may add to it after it was read
		unlock, err := results.Lock(run.dir)
		if err != nil {
			return fmt.Errorf("resuming: %w", err)
		}
		defer unlock()
	}
	out := newLines(stderr)
	conn, end, err := f.connect(out.say)
	if err != nil {
		return err
	}
	defer end()
	taken, absent, err := gather(ctx, conn, run, out.say)
	if err != nil {
		return err
	}
	if run.dir == "" {
		var unlock func()
		if run.dir, unlock, err = fleetFolder(o.out); err != nil {
			return err
		}
		defer unlock()
		for _, h := range taken {
			run.Hosts = append(run.Hosts, fleetHost{Name: h.Name})
		}
	}
	if err := run.save(); err != nil {
		return err
	}
	outcomes, err := run.measured(ctx, fleetAsker(conn, f.patience, out.say), taken)
	if err != nil {
		return err
	}
	made := run.report(context.WithoutCancel(ctx), print, stderr)
	if err := run.missing(ctx, outcomes, absent); err != nil {
		if made != nil {
			out.say(made.Error())
		}
		return err
	}
	return made
}

// connect connects to the server of the fleet, or to one that it starts, which end ends.
func (o fleetOptions) connect(say func(string)) (conn *nats.Conn, end func(), err error) {
	if o.listen == "" {
		if conn, err = o.dial("parcon run --fleet", say); err != nil {
			return nil, nil, err
		}
		return conn, conn.Close, nil
	}
	return o.bring(o.keyFile, "parcon run --fleet", "agents join with parcon agent", broker.Options{}, say)
}

func fleetAsker(conn *nats.Conn, patience time.Duration, say func(string)) *fleet.Asker {
	host, _ := os.Hostname()
	return &fleet.Asker{Conn: conn, Identity: identity(), Host: host, Patience: patience, Say: say}
}

// planFleet understands what is asked: a new run, or one that is gone on with.
func planFleet(ctx context.Context, o options, args []string) (fleetRun, error) {
	if o.resume != "" {
		fresh := defaultOptions()
		fresh.resume = o.resume
		if len(args) > 0 || !reflect.DeepEqual(o, fresh) {
			return fleetRun{}, wrongUsage("--fleet --resume goes on with what was asked before: beside it only how to reach the fleet has a meaning")
		}
		return resumedFleet(o.resume)
	}
	if err := o.check(ctx, args); err != nil {
		return fleetRun{}, err
	}
	if o.seed == 0 {
		o.seed = rand.Uint64()
	}
	return fleetRun{
		Format: fleet.Protocol,
		Run:    fmt.Sprintf("%s-%08x", time.Now().UTC().Format("2006-01-02-150405"), rand.Uint32()),
		Asked:  asked{o.profile, o.budget, o.odds, o.rounds, o.seed, o.timeout, args},
	}, nil
}

// resumedFleet reads the run of a fleet in a folder.
func resumedFleet(dir string) (fleetRun, error) {
	path := filepath.Join(dir, fleetFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return fleetRun{}, fmt.Errorf("resuming: %w: --fleet --resume takes the folder of a run of a fleet", err)
	}
	run := fleetRun{}
	if err = json.Unmarshal(text, &run); err == nil {
		err = fleet.CheckName(run.Run)
	}
	for _, h := range run.Hosts {
		if err == nil {
			err = fleet.CheckName(h.Name)
		}
	}
	switch {
	case err != nil:
		return fleetRun{}, fmt.Errorf("resuming: reading %s: %w: start a new run", path, err)
	case run.Format != fleet.Protocol || len(run.Hosts) == 0:
		return fleetRun{}, fmt.Errorf("resuming: %s is of another version of parcon, or damaged: start a new run", path)
	case !slices.ContainsFunc(run.Hosts, func(h fleetHost) bool { return !h.Complete }):
		return fleetRun{}, fmt.Errorf("resuming %s: nothing is missing: all of its machines have done what was asked", dir)
	}
	run.dir = dir
	return run, nil
}

// save writes the file, whole or not at all.
func (r fleetRun) save() error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the run of the fleet: %w", err)
	}
	path := filepath.Join(r.dir, fleetFile)
	if err = os.WriteFile(path+".new", append(text, '\n'), 0o666); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("noting the run of the fleet: %w", err)
	}
	return nil
}

// fleetFolder makes and locks the folder of a new run.
func fleetFolder(named string) (string, func(), error) {
	for _, file := range []string{fleetFile, trialsFile} {
		if named == "" {
			break
		}
		if _, err := os.Stat(filepath.Join(named, file)); err == nil {
			return "", nil, fmt.Errorf("%s is there already: go on with it by --resume %s, or name another folder with --out", filepath.Join(named, file), named)
		}
	}
	return folder(named, "fleet-")
}

// gather calls the agents and says who takes part. absent are those of a resumed run
// that do not, and why.
func gather(ctx context.Context, conn *nats.Conn, run fleetRun, say func(string)) (taken []fleet.Hello, absent []string, err error) {
	all, err := fleet.Call(ctx, conn, fleet.Announcement)
	if err != nil {
		return nil, nil, err
	}
	var wanted []string
	for _, h := range run.Hosts {
		if !h.Complete {
			wanted = append(wanted, h.Name)
		}
	}
	taken, refused := fleet.Choose(identity(), all, wanted)
	for _, why := range refused {
		say(why)
	}
	if len(taken) == 0 && len(refused) > 0 {
		return nil, nil, errors.New("no agent that has joined can take part")
	}
	if len(taken) == 0 {
		return nil, nil, errors.New("no agent takes part: start `parcon agent --nats URL --key-file FILE` on each machine that is to measure, then run this again")
	}
	var names []string
	for _, h := range taken {
		names = append(names, h.Name)
	}
	say(fmt.Sprintf("a fleet of %d: %s", len(names), strings.Join(names, ", ")))
	for _, note := range fleet.Together(taken) {
		say(note)
	}
	if wanted != nil {
		absent = refused
	}
	return taken, absent, nil
}

// measured has the run made and notes who has completed it.
func (r *fleetRun) measured(ctx context.Context, asker *fleet.Asker, taken []fleet.Hello) ([]fleet.Outcome, error) {
	var parts []fleet.Part
	for _, h := range taken {
		dir := filepath.Join(r.dir, h.Name)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, fmt.Errorf("making the folder for the results of %s: %w: name another one with --out", h.Name, err)
		}
		parts = append(parts, fleet.Part{Hello: h, Trials: filepath.Join(dir, trialsFile), Lanes: filepath.Join(dir, lanesFile)})
	}
	options, err := json.Marshal(r.Asked)
	if err != nil {
		return nil, fmt.Errorf("encoding the options of the run: %w", err)
	}
	outcomes, err := asker.Run(ctx, r.Run, options, parts)
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		i := slices.IndexFunc(r.Hosts, func(h fleetHost) bool { return h.Name == o.Name })
		r.Hosts[i].Complete = o.Complete
	}
	return outcomes, r.save()
}

// missing is the error of a run that is not done, or of which trials failed; nil of others.
func (r fleetRun) missing(ctx context.Context, outcomes []fleet.Outcome, absent []string) error {
	open, failed := absent, []string(nil)
	for _, o := range outcomes {
		switch {
		case !o.Complete:
			open = append(open, o.Name+": "+o.Reason)
		case o.Reason != "":
			failed = append(failed, o.Name+": "+o.Reason)
		}
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("stopped: what has arrived is kept in %s; go on with `parcon run --fleet --resume %s`", r.dir, r.dir)
	case len(open) > 0:
		return fmt.Errorf("not all is measured: %s; go on with `parcon run --fleet --resume %s`", strings.Join(open, "; "), r.dir)
	case len(failed) > 0:
		return errors.New(strings.Join(failed, "; "))
	}
	return nil
}

// report writes a report for each machine, and one on all of them.
func (r fleetRun) report(ctx context.Context, print printer, stderr io.Writer) error {
	var made []string
	for _, h := range r.Hosts {
		dir := filepath.Join(r.dir, h.Name)
		if size, _, err := fleet.Size(filepath.Join(dir, trialsFile)); err != nil || size == 0 {
			fmt.Fprintf(stderr, "parcon: %s: it has sent nothing: there is no report\n", h.Name)
			continue
		}
		table, err := report.ReadFile(ctx, filepath.Join(dir, trialsFile), catalogue())
		if err == nil {
			err = table.Empty()
		}
		if err == nil {
			err = writeReport(ctx, dir, dir, printer{out: io.Discard}, stderr)
		}
		if err != nil {
			fmt.Fprintf(stderr, "parcon: %s: no report: %s\n", h.Name, visible(err.Error()))
			continue
		}
		made = append(made, dir)
	}
	switch len(made) {
	case 0:
		return errors.New("no report was made: nothing whole has arrived")
	case 1:
		return writeReport(ctx, made[0], made[0], print, stderr)
	}
	return writeTogether(ctx, made, r.dir, print, stderr)
}
