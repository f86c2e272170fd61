package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// levels is the house from the ground up: a package imports what stands below it.
var levels = [][]string{
	{"experiments/futex", "experiments/gofunc/unix", "experiments/lcg", "experiments/scratch"},
	{
		"experiments/variant", "experiments/echo", "experiments/fork", "experiments/gillock", "experiments/ipc", "experiments/tasks/workload",
		"runner/affinity", "runner/cgroup", "runner/clock", "runner/proc", "runner/protocol", "runner/usage",
		"results", "report/chart", "report/web", "experiments/number", "experiments/lane", "experiments/forecast",
	},
	{"experiments/section", "report/stat", "experiments/lane/gotrace", "experiments/openloop", "experiments/tool"},
	{
		"experiments/card", "experiments/procpool", "experiments/ring", "experiments/server", "experiments/tasks/workload/web",
		"runner", "runner/doctor", "runner/proc/proctest", "report/contest", "report/scaling", "experiments/benchmark", "experiments/checkout", "experiments/command",
	},
	{"experiments/card/cardtest", "experiments/peer", "experiments/server/gonet", "experiments/tasks/worker", "report/advice", "report/choice", "runner/fleet", "runner/link"},
	{"report", "experiments/cpython", "experiments/remote", "experiments/taskqueue", "runner/link/broker"},
	{"experiments/remote/role"},
	{"experiments/tasks/model"},
	{"experiments/tasks/trial"},
	{"experiments/tasks", "experiments/gofunc/subject"},
	{"experiments/cluster", "experiments/costs", "experiments/gil", "experiments/life", "experiments/locking", "experiments/messages", "experiments/servers", "experiments/sharing"},
	{"experiments/chapters"},
	{"experiments/child"},
	{
		"experiments/gobench", "experiments/gofunc", "experiments/testbed",
		"experiments/programs/empty", "experiments/programs/netserver", "experiments/programs/part", "experiments/programs/queue", "experiments/programs/server", "experiments/programs/trial", "experiments/programs/worker",
	},
	{""}, // the commands
}

// confined packages know nothing but these, directly or through others: data flows
// one way, a report knows no process, the runner no workload, and the libraries
// nothing of the rest.
var confined = map[string][]string{
	"experiments/card":     {"experiments/variant", "experiments/number", "experiments/section", "experiments/forecast", "runner/protocol"},
	"experiments/ipc":      {"experiments/futex"},
	"experiments/procpool": {"experiments/futex", "runner/proc"},
	"experiments/ring":     {"experiments/futex", "experiments/ipc"},
	"runner":               {"results", "runner/cgroup", "runner/proc", "runner/protocol", "runner/usage"},
	"runner/fleet":         {},
	"results":              {},
	"experiments/tool":     {"runner/proc"},
	"experiments/checkout": {"experiments/tool", "runner/proc", "results"},
	"experiments/lane":     {},
	"experiments/openloop": {"runner/clock"},
	"report":               {"report/advice", "report/contest", "experiments/card", "experiments/lane", "experiments/variant", "report/chart", "report/web", "experiments/number", "experiments/forecast", "report/scaling", "experiments/section", "report/stat", "results", "runner/protocol"},
	"experiments/section":  {"experiments/variant", "experiments/number", "experiments/forecast"},
	"experiments/forecast": {},
	"report/stat":          {"experiments/number"},
	"report/choice":        {"experiments/number", "experiments/variant", "report/contest", "report/stat", "results"},
	"report/contest":       {"experiments/number", "report/stat"},
	"report/scaling":       {"experiments/number", "report/stat"},
	"report/advice":        {"experiments/variant", "experiments/number", "report/contest", "report/scaling", "report/stat", "results"},
	"experiments/command":  {"runner/clock", "runner/proc", "runner/protocol", "runner/usage"},
}

// imports are those of parcon's own, by package, without its name.
func imports(t *testing.T) map[string][]string {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		var own []string
		for _, path := range strings.Fields(line) {
			if name, ok := strings.CutPrefix(path, "parcon"); ok && (name == "" || name[0] == '/') {
				own = append(own, strings.TrimPrefix(name, "/"))
			}
		}
		all[own[0]] = own[1:]
	}
	return all
}

func TestAPackageImportsWhatStandsBelowIt(t *testing.T) {
	level := map[string]int{}
	for n, names := range levels {
		for _, name := range names {
			level[name] = n
		}
	}
	all := imports(t)
	for name, imported := range all {
		own, known := level[name]
		if !known {
			t.Errorf("package %q has no place in the house: give it one in levels", name)
		}
		for _, other := range imported {
			if level[other] >= own {
				t.Errorf("package %q imports %q, which does not stand below it", name, other)
			}
		}
	}
	for name := range level {
		if _, there := all[name]; !there {
			t.Errorf("there is no package %q", name)
		}
	}
}

// The programs of trials start quickly since they hold little: neither the message server
// nor its client, which only the program of queues does.
func TestProgramsOfTrialsHoldNoMessageServer(t *testing.T) {
	for _, name := range []string{"trial", "worker", "part", "empty", "server", "netserver", "queue"} {
		out, err := exec.Command("go", "list", "-deps", "./experiments/programs/"+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Contains(string(out), "github.com/nats-io/"), name == "queue"; got != want {
			t.Errorf("the program %s holds the message server or its client: %v, want %v", name, got, want)
		}
	}
}

func TestWhatIsConfinedKnowsNothingElse(t *testing.T) {
	all := imports(t)
	for name, may := range confined {
		queue, seen := slices.Clone(all[name]), map[string]bool{}
		for len(queue) > 0 {
			other := queue[0]
			queue = queue[1:]
			if seen[other] {
				continue
			}
			seen[other] = true
			queue = append(queue, all[other]...)
			if !slices.Contains(may, other) {
				t.Errorf("package %q knows %q", name, other)
			}
		}
	}
}
