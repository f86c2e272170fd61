package benchmark

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"

	"parcon/experiments/tool"
	"parcon/results"
	"parcon/runner/protocol"
)

// A Program is a test program, and the folder of its package, in which it runs.
type Program struct {
	Box  tool.Box
	Path string
	Dir  string
}

// A Benchmark is one with its sub-benchmark's name, and how it is run.
type Benchmark struct {
	Name       string // without "Benchmark" and without the number of processors
	Procs      int    // GOMAXPROCS
	Iterations int    // of a stretch
	Stretches  int    // of a process, at least 1
}

// FullName is how package testing writes it, without "Benchmark": "Decode/size=4k-8".
func (b Benchmark) FullName() string {
	if b.Procs == 1 {
		return b.Name
	}
	return fmt.Sprintf("%s-%d", b.Name, b.Procs)
}

// Functions lists the benchmark functions of a program.
func (p Program) Functions(ctx context.Context) ([]string, error) {
	said, err := p.Box.Run(ctx, p.Dir, p.Path, "-test.list=^Benchmark")
	if err != nil {
		return nil, fmt.Errorf("listing its benchmarks: %w", reason(ctx, said, err))
	}
	var all []string
	for line := range strings.Lines(said.Out) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "Benchmark") {
			all = append(all, line)
		}
	}
	return all, nil
}

// Pilot runs what a pattern chooses of a function, as go test does, to find its
// sub-benchmarks, and how many iterations take about so long: at least two of what takes
// less than slow, as package testing then runs one before it takes the time. What is found
// counts beside an error too: the others may work.
func (p Program) Pilot(ctx context.Context, pattern Pattern, function string, procs int, length time.Duration) ([]Benchmark, error) {
	chosen := pattern.of(function)
	if chosen == "" {
		return nil, nil
	}
	said, err := p.Box.Run(ctx, p.Dir, p.arguments(chosen, procs, length.String())...)
	var all []Benchmark
	for _, found := range resultLine(regexp.QuoteMeta(function)+`(?:/\S*?)?`, procs).FindAllStringSubmatch(said.Out, -1) {
		name := strings.TrimPrefix(found[1], "Benchmark")
		n, wrong := strconv.Atoi(found[2])
		line, unread := parse(found[0])
		if wrong != nil || unread != nil || n < 1 {
			continue
		}
		// It may print what looks like its result before.
		all = slices.DeleteFunc(all, func(b Benchmark) bool { return b.Name == name })
		if n == 1 && line["ns/op"] < float64(slow) {
			n = 2
		}
		all = append(all, Benchmark{name, procs, n, 1})
	}
	if err != nil {
		return all, fmt.Errorf("%s: %w", function, reason(ctx, said, err))
	}
	return all, nil
}

// slow is how long an operation takes that is not run twice for warmth.
const slow = time.Second

const (
	stretch     = time.Millisecond // less than a turn on a core that others want too
	longest     = 25 * time.Millisecond
	ofProcess   = 100 * time.Millisecond // all stretches of a process together
	mostInOne   = 16                     // stretches in a process
	collections = 16 << 20               // bytes, after which a small heap was collected some four times
)

// Fitted is the benchmark in stretches that suit what it says of an operation. One that
// allocates has longer ones, with several collections of garbage in each: a stretch
// without any would hide what they cost. Where even the longest would seldom have one they
// cost less than a percent, and short ones do.
func (b Benchmark) Fitted(m protocol.Measurement) Benchmark {
	ns := max(m["ns/op"], 1e-3)
	length := float64(stretch)
	if bytes := m["B/op"]; bytes > 0 && collections/bytes*ns < 4*float64(longest) {
		length = min(max(length, collections/bytes*ns), float64(longest))
	}
	b.Iterations = max(1, int(min(length/ns, 1e9)))
	if b.Iterations == 1 && ns < float64(slow) {
		b.Iterations = 2
	}
	// Each begins with a run of one iteration.
	b.Stretches = min(max(1, int(float64(ofProcess)/(ns*float64(b.Iterations+1)))), mostInOne)
	return b
}

// Lengthened has longer stretches if a process of it takes so long, and all of them together
// less than a quarter of that: the rest prepares them, and would be for little.
func (b Benchmark) Lengthened(m protocol.Measurement, process time.Duration) Benchmark {
	of := max(m["ns/op"], 1e-3) * float64(b.Iterations)
	times := min(float64(process)/4/(of*float64(b.Stretches)), float64(longest)/of)
	b.Iterations = int(float64(b.Iterations) * max(times, 1))
	return b
}

// Run runs a benchmark in a process and returns what it says of an operation in its fastest
// stretch, by unit.
func (p Program) Run(ctx context.Context, b Benchmark) (protocol.Measurement, error) {
	argv := append(p.arguments(exactly("Benchmark"+b.Name), b.Procs, fmt.Sprintf("%dx", b.Iterations)), fmt.Sprintf("-test.count=%d", b.Stretches))
	said, err := p.Box.Run(ctx, p.Dir, argv...)
	if err != nil {
		return nil, reason(ctx, said, err)
	}
	all := resultLine(regexp.QuoteMeta("Benchmark"+b.Name), b.Procs).FindAllString(said.Out, -1)
	if len(all) == 0 {
		return nil, errors.New("it ended well and printed no result")
	}
	var fastest protocol.Measurement
	for _, line := range all[max(0, len(all)-b.Stretches):] {
		m, err := parse(line)
		if err != nil {
			return nil, err
		}
		if fastest == nil || m["ns/op"] < fastest["ns/op"] {
			fastest = m
		}
	}
	return fastest, nil
}

// Sample runs what a pattern chooses count times in one process, as go test -count does,
// and returns the results of each benchmark in their order.
func (p Program) Sample(ctx context.Context, benchmarks []Benchmark, count int, length time.Duration) (map[string][]protocol.Measurement, error) {
	all := map[string][]protocol.Measurement{}
	for _, procs := range procsOf(benchmarks) {
		var patterns []string
		for _, b := range benchmarks {
			if b.Procs == procs {
				patterns = append(patterns, exactly("Benchmark"+b.Name))
			}
		}
		argv := append(p.arguments(strings.Join(patterns, "|"), procs, length.String()), fmt.Sprintf("-test.count=%d", count))
		said, err := p.Box.Run(ctx, p.Dir, argv...)
		if err != nil {
			return all, reason(ctx, said, err)
		}
		for _, b := range benchmarks {
			if b.Procs != procs {
				continue
			}
			for _, line := range resultLine(regexp.QuoteMeta("Benchmark"+b.Name), procs).FindAllString(said.Out, -1) {
				m, err := parse(line)
				if err != nil {
					return all, err
				}
				all[b.FullName()] = append(all[b.FullName()], m)
			}
		}
	}
	return all, nil
}

func procsOf(benchmarks []Benchmark) (all []int) {
	for _, b := range benchmarks {
		if !slices.Contains(all, b.Procs) {
			all = append(all, b.Procs)
		}
	}
	return all
}

// arguments let package testing print a whole line when a benchmark is done (-test.v): else
// what the benchmark prints stands within.
func (p Program) arguments(pattern string, procs int, length string) []string {
	return []string{
		p.Path, "-test.run=^$", "-test.bench=" + pattern, "-test.benchtime=" + length,
		fmt.Sprintf("-test.cpu=%d", procs), "-test.benchmem", "-test.v",
	}
}

// resultLine finds the results of what is named so, wherever on a line: a program that
// prints may not end its last one. Its groups are the name and the iterations.
func resultLine(name string, procs int) *regexp.Regexp {
	end := ""
	if procs != 1 {
		end = fmt.Sprintf("-%d", procs)
	}
	return regexp.MustCompile(`(` + name + `)` + end + `[ \t]+(\d+)\t[^\n]*`)
}

// parse reads a line of the Go benchmark format.
func parse(line string) (protocol.Measurement, error) {
	in := benchfmt.NewReader(strings.NewReader(line+"\n"), "")
	for in.Scan() {
		switch r := in.Result().(type) {
		case *benchfmt.Result:
			m := protocol.Measurement{}
			for _, v := range r.Values {
				value, unit := results.AsWritten(v)
				m[unit] = value
			}
			return m, nil
		case *benchfmt.SyntaxError:
			return nil, fmt.Errorf("its result %.80q cannot be read: %w", line, r)
		}
	}
	return nil, fmt.Errorf("its result %.80q cannot be read", line)
}

// reason is why a program failed, in a line: its panic, what its test said, or how it ended.
func reason(ctx context.Context, said tool.Said, err error) error {
	var ended *exec.ExitError
	if ctx.Err() != nil || !errors.As(err, &ended) {
		return err
	}
	failed, told := "", ""
	for line := range strings.Lines(said.Out + "\n" + said.Err) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "panic: "), strings.HasPrefix(line, "fatal error: "):
			return errors.New(line)
		case strings.HasPrefix(line, "--- FAIL: "):
			failed = cmp.Or(failed, line)
		case sourceLine.MatchString(line) && (failed == "" || told == ""):
			told = line // what it said last before it failed, or first after that
		}
	}
	switch {
	case told != "":
		return errors.New(told)
	case failed != "":
		return errors.New(failed)
	case tool.Reason(said.Err) != "":
		return errors.New(tool.Reason(said.Err))
	}
	return err
}

// sourceLine is what package testing puts before what a benchmark says.
var sourceLine = regexp.MustCompile(`^\S+\.go:\d+: .`)
