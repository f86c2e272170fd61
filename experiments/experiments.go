// Package experiments is the catalogue: what is asked, of which variants, and
// which claims the answers decide.
//
// An Experiment, its variants and its claims with their bounds are declared
// here before anything runs, and nothing else in parcon lists them again. The
// workloads and models that the variants are made of have packages of their
// own (workload, model); those never import each other.
package experiments

import (
	"fmt"
	"strconv"
	"strings"

	"parcon/experiments/child"
	"parcon/experiments/mechanism"
	"parcon/experiments/mechanism/all"
	"parcon/experiments/model"
	"parcon/experiments/variant"
	"parcon/experiments/workload"
)

// An Experiment is a question, the variants that are measured for it, and the
// claims that it decides.
type Experiment struct {
	Name     string // as in `parcon run NAME`
	Question string
	Cases    func(Scale) []Case
	Claims   func(Scale) []Claim
}

// A Case is a variant and how many tasks one trial of it runs.
type Case struct {
	Variant variant.Variant
	Tasks   int
}

// Scale is what the size of an experiment depends on.
type Scale struct {
	Cores  int
	Depth  Depth
	System string // GOOS; "" means linux
	Python bool   // there is a CPython to measure beside
	Quota  string // the CPU quota as a result file tells it; "" means none
}

// Linux says that the system is Linux.
func (s Scale) Linux() bool { return s.System == "" || s.System == "linux" }

// Depth is how much of the grid is measured.
type Depth int

// The depths, each holding the one before.
const (
	Quick    Depth = iota // what the claims need
	Standard              // further workers and models for the curves
	Full                  // all of it
)

// A Profile is a named choice of depth and rounds. Fewer than 13 rounds cannot
// refute a claim of 15 comparisons among nine claims, even if all agree: such a
// p-value is out of their reach (see package report/stat). An experiment that is
// precise earlier leaves it undecided.
type Profile struct {
	Name      string
	Depth     Depth
	Rounds    int     // at most
	Least     int     // before precision may end an experiment
	Precision float64 // half-width of the intervals that ends one, relative; 0: never
	Doc       string
}

// Profiles lists the profiles, the default first.
var Profiles = []Profile{
	{"quick", Quick, 14, 14, 0, "14 rounds of what the claims need: about six minutes on two cores"},
	{"standard", Standard, 20, 10, 0.02, "up to 20 rounds, more workers and models: about twenty minutes"},
	{"full", Full, 60, 15, 0.01, "up to 60 rounds of the whole grid: about an hour"},
}

// FindProfile returns the profile of that name.
func FindProfile(name string) (Profile, error) {
	for _, p := range Profiles {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("profile %q is not known: choose quick, standard or full", name)
}

// All is the catalogue.
var All = []Experiment{compute, waiting, mixing, crowd, costs, sharing, locks, life}

// Find returns the experiment of that name.
func Find(name string) (Experiment, error) {
	for _, e := range All {
		if e.Name == name {
			return e, nil
		}
	}
	return Experiment{}, fmt.Errorf("experiment %q is not known: `parcon list` shows those that are", name)
}

// Title is an experiment's name as it follows "Benchmark" in a result file and
// in the test suite.
func Title(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// Lengths of tasks. They are long beside the cost of handing them out, which
// the comparison of models must not be about, and short enough for dozens of
// them in a trial.
var Lengths = child.Setting{
	Length: 2_000_000,
	Delay:  5_000_000,
	Mix:    5_000_000,
}

// grid builds the variant of one point of the grid.
func grid(work, modelName string, workers int) variant.Variant {
	v, err := variant.Parse("workload=" + work)
	if err != nil {
		panic(err) // the catalogue itself is wrong
	}
	return v.With("model", modelName).With("workers", strconv.Itoa(workers))
}

// kind lists the workloads of a kind.
func kind(k workload.Kind) []string {
	var names []string
	for _, w := range child.Workloads {
		if w.Kind == k {
			names = append(names, w.Name)
		}
	}
	return names
}

// twin is a variant under a second name. The two are the same, so a report
// that calls them different is wrong: every block of variants hides one.
func twin(c Case) Case { return Case{c.Variant.With("twin", "1"), c.Tasks} }

// unique drops cases that another one already is, as happens when the number
// of cores is 1.
func unique(cases []Case) []Case {
	seen := map[string]bool{}
	var kept []Case
	for _, c := range cases {
		if name := c.Variant.String(); !seen[name] {
			seen[name] = true
			kept = append(kept, c)
		}
	}
	return kept
}

// Procs is the GOMAXPROCS of a variant's process.
func Procs(v variant.Variant, cores int) (int, error) {
	if mechanism.Names(v) {
		m, err := mechanism.Find(all.Mechanisms, v.Get(mechanism.Key))
		if err != nil || m.Procs == nil {
			return cores, err
		}
		return m.Procs(v, cores), nil
	}
	m, err := model.Find(v.Get("model"))
	if err != nil {
		return 0, err
	}
	workers, err := v.Int("workers", 1)
	if err != nil {
		return 0, err
	}
	return m.Procs(workers, cores), nil
}
