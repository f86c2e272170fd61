package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/testbed"
	"parcon/results"
	"parcon/runner"
)

// describe makes the head of a result file: the machine, then what was asked.
func (j job) describe(l *testbed.Bed, chosen []card.Chapter, scale card.Scale) results.Setup {
	var sizes []string
	for _, name := range slices.Sorted(maps.Keys(l.Sizes())) {
		sizes = append(sizes, fmt.Sprintf("%s:%d", name, l.Sizes()[name]))
	}
	var claims []string // as they were before anything ran
	for _, e := range chosen {
		if all := e.Claims(scale); len(all) > 0 {
			claims = append(claims, fmt.Sprintf("%s:%s", e.Name, card.Fingerprint(all)))
		}
	}
	s := append(runner.Host(j.dir),
		results.Entry{Key: results.KeyProfile, Value: j.profile.Name},
		results.Entry{Key: results.KeyExperiments, Value: strings.Join(j.names, " ")},
		results.Entry{Key: results.KeySeed, Value: fmt.Sprint(j.seed)},
		results.Entry{Key: results.KeyRounds, Value: fmt.Sprint(j.rounds)},
		results.Entry{Key: results.KeyPrograms, Value: l.Programs().Identity()},
		results.Entry{Key: results.KeyPython, Value: pythonsOf(l.Programs())},
		results.Entry{Key: results.KeySizes, Value: strings.Join(sizes, " ")},
	)
	s = append(s, work()...)
	if len(claims) > 0 {
		s = append(s, results.Entry{Key: results.KeyClaims, Value: strings.Join(claims, " ")})
	}
	for _, name := range slices.Sorted(maps.Keys(scale.Hindrances)) {
		s = append(s, results.Entry{Key: results.KeyCannot + name, Value: scale.Hindrances[name]})
	}
	if j.budget > 0 {
		s = append(s, results.Entry{Key: results.KeyBudget, Value: j.budget.String()})
	}
	s = append(s, results.Entry{Key: results.KeyOdds, Value: strconv.FormatFloat(j.odds, 'g', -1, 64)})
	return s
}

// work is what every run's tasks are made to be.
func work() results.Setup {
	return results.Setup{
		{Key: results.KeyGOGC, Value: "100"},
		{Key: results.KeyTaskCPU, Value: testbed.Lengths.Length.String()},
		{Key: results.KeyTaskIO, Value: testbed.Lengths.Delay.String()},
		{Key: results.KeyTaskMix, Value: testbed.Lengths.Mix.String()},
	}
}

// pythonsOf names the CPythons that a run measures beside.
func pythonsOf(p testbed.Programs) string {
	var names []string
	for _, i := range p.Pythons {
		names = append(names, i.String())
	}
	return cmp.Or(strings.Join(names, ", "), results.None)
}

// resumed reads what was asked of the run in o.resume and what it has done.
func resumed(ctx context.Context, o options) (job, error) {
	path := filepath.Join(o.resume, trialsFile)
	setup, done, bad, err := results.Read(ctx, path)
	if err != nil {
		return job{}, fmt.Errorf("%w: --resume takes the folder of a run", err)
	}
	if len(bad) > 0 {
		return job{}, fmt.Errorf("%w: take the line out, then resume; the other trials are whole", bad[0])
	}
	if len(done) == 0 {
		return job{}, fmt.Errorf("%s holds no trial to go on from: delete the folder and start anew", path)
	}
	// What can be told before anything is prepared.
	if err := same(path, setup, runner.Host(o.resume)); err != nil {
		return job{}, err
	}
	j := job{dir: o.resume, timeout: o.timeout, done: done, setup: setup, names: strings.Fields(setup.Get(results.KeyExperiments))}
	if j.profile, err = chapters.FindProfile(setup.Get(results.KeyProfile)); err != nil {
		return job{}, fmt.Errorf("resuming %s: %w", path, err)
	}
	j.interpreters(o.pythons)
	return j, j.read(path)
}

// same refuses to go on with what is not the same run: on another machine, with
// another program, other claims, another CPython.
func same(path string, then, now results.Setup) error {
	d := results.Differences(then, now)
	if len(d) == 0 {
		return nil
	}
	more := ""
	if len(d) > 1 {
		more = fmt.Sprintf(" (and %d more of its lines differ)", len(d)-1)
	}
	remedy := "start a new run"
	// With other CPythons the claims are others too.
	if i := slices.IndexFunc(d, func(d results.Difference) bool { return d.Of == results.Interpreter }); i >= 0 {
		d[0], d[i] = d[i], d[0]
		remedy = "name the same ones with --python, or start a new run"
	}
	return fmt.Errorf("resuming %s: it was measured with %s %q, here it is %q%s: such trials do not go together; %s", path, d[0].Key, d[0].Old, d[0].New, more, remedy)
}

// read takes the numbers of a setup.
func (j *job) read(path string) (err error) {
	damaged := func(key string) error {
		return fmt.Errorf("resuming %s: its line %q cannot be read: start a new run", path, key+": "+j.setup.Get(key))
	}
	if len(j.names) == 0 {
		return damaged(results.KeyExperiments)
	}
	if j.seed, err = strconv.ParseUint(j.setup.Get(results.KeySeed), 10, 64); err != nil {
		return damaged(results.KeySeed)
	}
	if j.rounds, err = strconv.Atoi(j.setup.Get(results.KeyRounds)); err != nil || j.rounds < 1 || j.rounds > mostRounds {
		return damaged(results.KeyRounds)
	}
	if text := j.setup.Get(results.KeyBudget); text != "" {
		if j.budget, err = time.ParseDuration(text); err != nil || j.budget <= 0 {
			return damaged(results.KeyBudget)
		}
	}
	if text := j.setup.Get(results.KeyOdds); text != "" {
		if j.odds, err = strconv.ParseFloat(text, 64); err != nil || !(j.odds >= 1 && j.odds <= mostOdds) {
			return damaged(results.KeyOdds)
		}
	}
	if j.sizes, err = readSizes(j.setup); err != nil {
		return damaged(results.KeySizes)
	}
	return nil
}

// readSizes reads the amounts of work that tasks were calibrated to.
func readSizes(setup results.Setup) (map[string]int, error) {
	sizes := map[string]int{}
	for _, field := range strings.Fields(setup.Get(results.KeySizes)) {
		name, text, _ := strings.Cut(field, ":")
		size, err := strconv.Atoi(text)
		if err != nil || size < 1 {
			return nil, fmt.Errorf("%q is no size", field)
		}
		sizes[name] = size
	}
	return sizes, nil
}

// sizesOf reads them from the run in a folder. What this run cannot share with that
// one is an error; note says in what else they differ, "" if in nothing.
func sizesOf(ctx context.Context, dir string) (sizes map[string]int, note string, err error) {
	path := filepath.Join(dir, trialsFile)
	setup, _, _, err := results.Read(ctx, path)
	if err != nil {
		return nil, "", fmt.Errorf("%w: --tasks-of takes the folder of a run", err)
	}
	sizes, err = readSizes(setup)
	if err != nil || len(sizes) == 0 {
		return nil, "", fmt.Errorf("%s holds no lengths of tasks in its line %q: --tasks-of takes the folder of a run", path, results.KeySizes+": "+setup.Get(results.KeySizes))
	}
	if d := results.Differences(setup, work(), results.Work); len(d) > 0 {
		return nil, "", fmt.Errorf("--tasks-of %s: its %s is %q, here it is %q: what its tasks do is not what those of this program do; measure it again with this one", dir, d[0].Key, d[0].Old, d[0].New)
	}
	d := results.Differences(setup, runner.Host(dir), results.Machine, results.Program)
	if len(d) == 0 {
		return sizes, "", nil
	}
	var all []string
	for _, d := range d {
		all = append(all, fmt.Sprintf("%s %q, here it is %q", d.Key, d.Old, d.New))
	}
	note = fmt.Sprintf("--tasks-of %s: it was measured with %s", dir, results.FewFaults(all))
	if slices.ContainsFunc(d, func(d results.Difference) bool { return d.Of == results.Machine }) {
		return sizes, note + ": comparing the two needs --other-machine", nil
	}
	return sizes, note + ": that may be the difference between the two", nil
}
