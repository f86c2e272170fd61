package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"parcon/experiments/benchmark"
	"parcon/experiments/checkout"
	"parcon/report"
	"parcon/results"
	"parcon/runner"
	"parcon/runner/protocol"
)

// A benchRun holds the sides of benchmarks, and what was measured of them.
type benchRun struct {
	benchJob
	work      string
	stderr    io.Writer
	sides     []*benchSide // new; compared: old
	layouts   bool         // the linker can put functions in another order
	subjects  []benchmarked
	only      [2][]string // benchmarks of the new side alone, and of the old one
	broken    []string    // what could not be built, and what failed
	trials    []results.Result
	took      time.Duration
	resting   int        // subjects that need no further round
	beside    []usualRow // what the usual way finds
	usualTook time.Duration
}

// turns are the processes of a side in a round: those of the new side are its A/A pair.
const turns = 2

// A benchSide is one of the states that are measured.
type benchSide struct {
	benchmark.Side
	name     string
	tree     checkout.Tree
	packages map[string]benchmark.Package // that could be built, by path
	linkers  map[string]*benchmark.Linker // of these
	broken   map[string]bool              // packages that could not
}

// benchmarked is a benchmark of a package.
type benchmarked struct {
	pkg string
	benchmark.Benchmark
}

func (s benchmarked) key() string { return s.pkg + "." + s.FullName() }

// program is that of a side's package. Its path is equally long for all sides: it stands on
// the stack of the process, and moves what lies below.
func (b *benchRun) program(side int, pkg string) benchmark.Program {
	s := b.sides[side]
	path := filepath.Join(b.work, "bin", strconv.Itoa(side), fmt.Sprintf("%.6x.test", sha256.Sum256([]byte(pkg))))
	return s.Program(s.packages[pkg], path)
}

// prepare builds all and finds what there is to measure.
func (b *benchRun) prepare(ctx context.Context) error {
	if err := b.findPackages(ctx); err != nil {
		return err
	}
	if err := b.build(ctx, b.all()); err != nil {
		return err
	}
	return b.findBenchmarks(ctx)
}

func (b *benchRun) findPackages(ctx context.Context) error {
	found := 0
	for i, s := range b.sides {
		patterns := slices.Clone(b.patterns)
		for at, p := range patterns {
			if real, err := filepath.EvalSymlinks(p); err == nil && filepath.IsAbs(p) {
				patterns[at] = s.tree.Path(real)
			}
		}
		all, bad, err := s.Packages(ctx, patterns)
		if err != nil {
			return fmt.Errorf("the %s side: %w", s.name, err)
		}
		for _, text := range bad {
			b.broken = append(b.broken, fmt.Sprintf("the %s side: %s", s.name, text))
		}
		s.packages, s.linkers, s.broken = map[string]benchmark.Package{}, map[string]*benchmark.Linker{}, map[string]bool{}
		for _, p := range all {
			s.packages[p.Path] = p
			s.linkers[p.Path] = s.Linker(p, b.program(i, p.Path).Path)
			found++
		}
	}
	if found == 0 && len(b.broken) > 0 {
		return fmt.Errorf("no package can be measured: %s", results.FewFaults(b.broken))
	}
	if found == 0 {
		return errors.New("no package has benchmarks: name others, as ./... does all")
	}
	return nil
}

// A part is a package of a side.
type part struct {
	side int
	pkg  string
}

// all are the packages of all sides.
func (b *benchRun) all() (all []part) {
	for i, s := range b.sides {
		for _, pkg := range slices.Sorted(maps.Keys(s.packages)) {
			all = append(all, part{i, pkg})
		}
	}
	return all
}

// build links parts, the sides of a package with the same layout, in random order. A package
// that does not build is left out on that side.
func (b *benchRun) build(ctx context.Context, parts []part) error {
	layouts := map[string]int32{}
	for _, p := range parts {
		if layouts[p.pkg] == 0 && b.layouts {
			layouts[p.pkg] = math.MaxInt32 - b.random.Int32N(1e9) // of ten digits: programs hold it
		}
	}
	errs := make([]error, len(parts))
	var together errgroup.Group
	together.SetLimit(runtime.NumCPU())
	for _, i := range b.random.Perm(len(parts)) {
		p := parts[i]
		together.Go(func() error {
			errs[i] = b.sides[p.side].linkers[p.pkg].Link(ctx, layouts[p.pkg])
			return nil
		})
	}
	_ = together.Wait()
	if slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, benchmark.ErrNoLayout) }) {
		fmt.Fprintf(b.stderr, "parcon: %v (Go 1.26 has): each side keeps one layout of its functions, whose luck may look like a change\n", benchmark.ErrNoLayout)
		b.layouts = false
		return b.build(ctx, parts)
	}
	for i, p := range parts {
		switch s := b.sides[p.side]; {
		case ctx.Err() != nil:
			return ctx.Err()
		case errs[i] != nil:
			delete(s.packages, p.pkg)
			s.broken[p.pkg] = true
			b.broken = append(b.broken, fmt.Sprintf("the %s side: %v", s.name, errs[i]))
		}
	}
	return nil
}

// pilot is how long a run of a benchmark is made to be. Starting its process, behind a guard,
// takes about 10 ms.
const pilot = 50 * time.Millisecond

// findBenchmarks runs each function of the two sides for a moment.
func (b *benchRun) findBenchmarks(ctx context.Context) error {
	var found [2]map[string]benchmarked
	failed := map[string]bool{} // functions and packages, by path
	for i, s := range b.sides {
		found[i] = map[string]benchmarked{}
		for _, pkg := range slices.Sorted(maps.Keys(s.packages)) {
			all, err := b.ofPackage(ctx, i, pkg)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			for _, err := range err {
				b.broken = append(b.broken, fmt.Sprintf("the %s side: %s: %v", s.name, pkg, err))
				failed[pkg] = true
			}
			for _, one := range all {
				found[i][one.key()] = b.fit(ctx, i, one)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(found[0])) {
		one := found[0][key]
		if other, there := found[1][key]; b.vs != "" && there {
			one.Iterations, one.Stretches = min(one.Iterations, other.Iterations), min(one.Stretches, other.Stretches)
		} else if b.vs != "" {
			b.alone(0, one, failed[one.pkg])
			continue
		}
		b.subjects = append(b.subjects, one)
	}
	for _, key := range slices.Sorted(maps.Keys(found[1])) {
		if _, there := found[0][key]; !there {
			b.alone(1, found[1][key], failed[found[1][key].pkg])
		}
	}
	switch {
	case len(b.subjects) > 0:
		return nil
	case len(b.broken) > 0:
		return fmt.Errorf("nothing can be measured: %s", results.FewFaults(b.broken))
	case len(b.only[0])+len(b.only[1]) > 0:
		return errors.New("no benchmark is on both sides")
	}
	return fmt.Errorf("--bench %s matches none of the benchmarks", b.bench)
}

// fit finds the stretches of a benchmark: fewer and longer ones of one that prepares itself
// for long before each. What fails now will fail, and say so, in its rounds.
func (b *benchRun) fit(ctx context.Context, side int, s benchmarked) benchmarked {
	p := b.program(side, s.pkg)
	var fastest protocol.Measurement
	for most := 1; ; most *= 4 {
		s.Stretches = min(s.Stretches, most)
		limited, cancel := b.limit(ctx)
		started := time.Now()
		m, err := p.Run(limited, s.Benchmark)
		took := time.Since(started)
		cancel()
		if err != nil {
			s.Stretches = 1
			return s
		}
		if fastest == nil || m["ns/op"] < fastest["ns/op"] {
			fastest = m
		}
		tried := s.Stretches
		s.Benchmark = s.Fitted(fastest)
		if tried >= s.Stretches || 4*took > longestProcess {
			s.Stretches = min(tried, s.Stretches)
			s.Benchmark = s.Lengthened(fastest, took)
			return s
		}
	}
}

// longestProcess is how long one with several stretches may take, beside others too.
const longestProcess = 300 * time.Millisecond

// alone notes a benchmark that one side has, unless something failed where it is missed.
func (b *benchRun) alone(side int, s benchmarked, failed bool) {
	if !failed && !b.sides[1-side].broken[s.pkg] {
		b.only[side] = append(b.only[side], b.label(s))
	}
}

// ofPackage finds the benchmarks of a package on one side.
func (b *benchRun) ofPackage(ctx context.Context, side int, pkg string) (all []benchmarked, failed []error) {
	p := b.program(side, pkg)
	limited, cancel := b.limit(ctx)
	functions, err := p.Functions(limited)
	cancel()
	if err != nil {
		return nil, []error{err}
	}
	for _, f := range functions {
		for _, procs := range b.procs {
			limited, cancel := b.limit(ctx)
			found, err := p.Pilot(limited, b.pattern, f, procs, pilot)
			cancel()
			if err != nil {
				failed = append(failed, err)
			}
			for _, one := range found {
				all = append(all, benchmarked{pkg, one})
			}
			if err != nil {
				break // it would fail with other numbers of processors too
			}
		}
	}
	return all, failed
}

func (b *benchRun) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, b.timeout, fmt.Errorf("no result within %v: give it longer with --timeout", b.timeout))
}

const (
	benchName = "Bench" // of the experiment
	// What is only measured has so many rounds; of what is compared one looks after each
	// of so many, see stat.Series.
	roundsAlone, roundsCompared = 20, 200
	mostFailures                = 3 // after which a benchmark is not tried again
)

// A benchOrder is a trial: a subject, on a side, and which of that side's processes in a
// round it is.
type benchOrder struct {
	subject, side, turn int
}

func (b *benchRun) plan() runner.Plan {
	e := runner.Experiment{Name: benchName}
	for i, s := range b.subjects {
		for _, o := range b.orders(i) {
			e.Cases = append(e.Cases, runner.Case{
				Variant: b.variant(o), Block: s.key(), Tasks: s.Iterations, Procs: s.Procs, Order: o,
			})
		}
	}
	plan := runner.Plan{Experiments: []runner.Experiment{e}, Seed: b.seed, Rounds: roundsAlone, Budget: 10 * time.Second, Rest: b.rest}
	if b.vs != "" {
		plan.Rounds, plan.Budget = roundsCompared, 25*time.Second
	}
	plan.Budget *= time.Duration(len(b.subjects))
	if b.budget > 0 {
		plan.Budget = b.budget
	}
	return plan
}

// variants are those of a subject, by name.
func (b *benchRun) variants(subject int) map[string]benchOrder {
	all := map[string]benchOrder{}
	for _, o := range b.orders(subject) {
		all[b.variant(o)] = o
	}
	return all
}

// orders are the trials of a subject in a round.
func (b *benchRun) orders(subject int) (all []benchOrder) {
	for side := range b.sides {
		for turn := range turns {
			all = append(all, benchOrder{subject, side, turn})
		}
	}
	return all
}

func (b *benchRun) variant(o benchOrder) string {
	return fmt.Sprintf("%s %d %s", b.sides[o.side].name, o.turn, b.subjects[o.subject].key())
}

// measure runs the rounds. Its error says why they ended early.
func (b *benchRun) measure(ctx context.Context) error {
	plan := b.plan()
	orders := map[string]benchOrder{}
	for _, c := range plan.Experiments[0].Cases {
		orders[c.Variant] = c.Order.(benchOrder)
	}
	first := true
	plan.Begin = func(ctx context.Context, round []results.Slot) error {
		if first || !b.layouts { // what found the benchmarks has a layout already
			first = false
			return nil
		}
		var parts []part
		for _, s := range round {
			o := orders[s.Variant]
			if p := (part{o.side, b.subjects[o.subject].pkg}); !slices.Contains(parts, p) {
				parts = append(parts, p)
			}
		}
		return b.relink(ctx, parts)
	}
	samples, err := b.openSamples()
	if err != nil {
		return err
	}
	defer samples.Close()
	try := func(ctx context.Context, c runner.Case) (protocol.Measurement, error) {
		o := c.Order.(benchOrder)
		limited, cancel := b.limit(ctx)
		defer cancel()
		return b.program(o.side, b.subjects[o.subject].pkg).Run(limited, b.subjects[o.subject].Benchmark)
	}
	show, started := newProgress(b.stderr), time.Now()
	tell := func(r results.Result, _, _ int, left time.Duration) {
		show.benchmarks(r, b.resting, len(b.subjects), left)
	}
	if b.vs == "" {
		tell = show.tell
	}
	keep := func(r results.Result) error { return samples.keep(r, orders[r.Variant]) }
	b.trials, err = runner.Run(ctx, plan, nil, try, keep, tell)
	b.took = time.Since(started)
	show.end()
	return err
}

// relink links anew what was built before: where that fails now, the disk is full or
// somebody ends what is built.
func (b *benchRun) relink(ctx context.Context, parts []part) error {
	before := len(b.broken)
	if err := b.build(ctx, parts); err != nil {
		return err
	}
	if len(b.broken) > before {
		return fmt.Errorf("linking anew for a round: %s", b.broken[len(b.broken)-1])
	}
	return nil
}

// series are the nanoseconds of a subject by round on each side: those of its faster
// process, NaN where one failed, of the rounds that ended. What befalls a process only ever
// makes it slower.
func (b *benchRun) series(subject int, trials []results.Result) [][]float64 {
	var all [][]float64
	for _, of := range b.processes(subject, trials) {
		fastest := slices.Clone(of[0])
		for _, more := range of[1:] {
			for i, ns := range more {
				fastest[i] = min(fastest[i], ns) // NaN of anything and NaN
			}
		}
		all = append(all, fastest)
	}
	return all
}

// processes are the nanoseconds of a subject by round of each process of each side.
func (b *benchRun) processes(subject int, trials []results.Result) [][turns][]float64 {
	orders := b.variants(subject)
	all := make([][turns][]float64, len(b.sides))
	for _, r := range trials {
		if o, own := orders[r.Variant]; own {
			ns, there := r.Values["ns/op"]
			if !there {
				ns = math.NaN()
			}
			all[o.side][o.turn] = append(all[o.side][o.turn], ns)
		}
	}
	rounds := math.MaxInt
	for _, o := range orders {
		rounds = min(rounds, len(all[o.side][o.turn]))
	}
	for _, o := range orders {
		all[o.side][o.turn] = all[o.side][o.turn][:rounds]
	}
	return all
}

func (b *benchRun) rule() report.Bench {
	return report.Bench{Question: b.question, Compared: len(b.subjects)}
}

// rest names the trials of subjects that are told, or fail again and again.
func (b *benchRun) rest(_ int, trials []results.Result) map[string]bool {
	rest, told := map[string]bool{}, 0
	for i := range b.subjects {
		all := b.series(i, trials)
		failed := 0
		for _, side := range all {
			for _, ns := range side {
				if math.IsNaN(ns) {
					failed++
				}
			}
		}
		if failed >= mostFailures || b.vs != "" && b.rule().Rests(all[1], all[0]) {
			for _, o := range b.orders(i) {
				rest[benchName+"/"+b.variant(o)] = true
			}
			told++
		}
	}
	b.resting = told
	return rest
}
