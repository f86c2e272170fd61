package child

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/tasks/workload/web"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// The test binary is a child program: it starts itself in each role.
func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

var setting = Setting{
	Sizes:  map[string]int{"primes": 5, "hash": 2, "mix": 5},
	Length: 50 * time.Microsecond, Delay: time.Millisecond, Mix: time.Millisecond,
}

func TestParamsAreThoseOfTheWorkload(t *testing.T) {
	s := Setting{
		Sizes: map[string]int{"mix": 7}, Delay: 2, Mix: 3,
		Dir: "/dir", Network: "network:1", HTTP: "http:2",
	}
	for name, want := range map[string]workload.Params{
		"mix":     {Name: "mix", Size: 7, Share: 25, Delay: 3, Dir: "/dir", Addr: "network:1"},
		"sleep":   {Name: "sleep", Share: 25, Delay: 2, Dir: "/dir", Addr: "network:1"},
		"network": {Name: "network", Share: 25, Delay: 2, Dir: "/dir", Addr: "network:1"},
		"http":    {Name: "http", Share: 25, Delay: 2, Dir: "/dir", Addr: "http:2"},
	} {
		if w, p, err := s.params(name, "", 25, 0); err != nil || p != want || w.Name != name {
			t.Errorf("%s: %+v, %v, want %+v", name, p, err, want)
		}
	}
	const want = "workload primes was not calibrated in this run: its task length is not known"
	if _, _, err := s.params("primes", "", 25, 0); err == nil || err.Error() != want {
		t.Errorf("error %v", err)
	}
}

// answers computes what the reference should, by itself.
func answers(t *testing.T, name string, size, share int) []uint64 {
	t.Helper()
	w, err := workload.Find(Workloads, name)
	if err != nil {
		t.Fatal(err)
	}
	task, err := w.New(workload.Params{Name: name, Size: size, Share: share})
	if err != nil {
		t.Fatal(err)
	}
	var all []uint64
	for seed := range uint64(workload.Seeds) {
		answer, err := task(seed)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, answer)
	}
	return all
}

func TestReferenceAnswersAreThoseOfTheTasks(t *testing.T) {
	q := Question{Workloads: []string{"workload=primes", "workload=mix/cpu=25", "workload=mix/cpu=100", "workload=allocate"}, Setting: setting}
	line, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := runReference(bytes.NewReader(append(line, '\n')), &out); err != nil {
		t.Fatal(err)
	}
	var a Answer
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	if a.Sizes["primes"] != 5 || a.Sizes["allocate"] < 1 {
		t.Errorf("sizes %v: those that are known stay, others are calibrated", a.Sizes)
	}
	for name, want := range map[string][]uint64{
		"workload=primes":      answers(t, "primes", 5, 0),
		"workload=mix/cpu=25":  answers(t, "mix", 5, 25),
		"workload=mix/cpu=100": answers(t, "mix", 5, 100),
		"workload=allocate":    answers(t, "allocate", a.Sizes["allocate"], 0),
	} {
		if got := a.Answers[name]; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	for question, want := range map[string]string{
		`{"Workloads":["workload=prims"]}` + "\n":       `reference of workload=prims: workload "prims" is not known`,
		`{"Workloads":["workload=mix/cpu=101"]}` + "\n": "a CPU share of 101 %",
		"go\n": "reading what to do from standard input",
		"":     "reading what to do from standard input: EOF",
	} {
		if err := runReference(strings.NewReader(question), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", question, err, want)
		}
	}
}

// converse starts this program as a trial, tells it an order and lets it begin.
func converse(t *testing.T, order Order) (protocol.Measurement, string, error) {
	t.Helper()
	proctest.Tidy(t)
	c := trialProcess(t)
	var out, complaint bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaint
	in, err := c.StdinPipe() // open to the end: the parent is there
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	// A trial that refuses its order may be gone already.
	_ = send(in, order)
	_, _ = io.WriteString(in, "\n")
	if err := c.Wait(); err != nil {
		return nil, complaint.String(), err
	}
	text, found := strings.CutPrefix(out.String(), protocol.Ready+"\n")
	if !found {
		t.Fatalf("it said %q", out.String())
	}
	var m protocol.Measurement
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m, "", nil
}

func TestATrialMeasuresEveryModel(t *testing.T) {
	for _, name := range []string{"serial", "goroutine", "thread", "loop", "process", "process-pool"} {
		t.Run(name, func(t *testing.T) {
			m, complaint, err := converse(t, Order{
				Variant: "workload=primes/model=" + name + "/workers=2", Tasks: 10,
				Setting: setting, Answers: answers(t, "primes", 5, 0),
			})
			if err != nil {
				t.Fatal(err, complaint)
			}
			for _, unit := range []string{"ns/op", "cores-busy", "in-flight", "max-in-flight", "p50-ns", "gomaxprocs"} {
				if m[unit] <= 0 {
					t.Errorf("%s is %v", unit, m[unit])
				}
			}
			if m["max-in-flight"] > 2 || name == "serial" && m["max-in-flight"] != 1 || m["gomaxprocs"] != 2 {
				t.Errorf("%v", m)
			}
			// Processes that ended took theirs with them.
			_, err = os.Stat("/proc/self/schedstat")
			known := err == nil && name != "process"
			if _, found := m["run-delay-ns"]; found != known {
				t.Errorf("a run delay is in the measurement: %v, want %v: %v", found, known, m)
			}
		})
	}
}

func TestATrialRefuses(t *testing.T) {
	good := Order{Variant: "workload=primes/model=goroutine/workers=2", Tasks: 10, Setting: setting, Answers: answers(t, "primes", 5, 0)}
	for want, change := range map[string]func(*Order){
		"wrong answer: task":                   func(o *Order) { o.Answers = make([]uint64, workload.Seeds) },
		"0 tasks: it needs at least 1":         func(o *Order) { o.Tasks = 0 },
		"-5 tasks: it needs at least 1":        func(o *Order) { o.Tasks = -5 },
		"workers=0: give":                      func(o *Order) { o.Variant = "workload=primes/model=goroutine/workers=0" },
		`model "gorutine" is not known`:        func(o *Order) { o.Variant = "workload=primes/model=gorutine" },
		"workload hash was not calibrated":     func(o *Order) { o.Variant, o.Setting.Sizes = "workload=hash/model=serial", nil },
		"the right answers of 3 seeds, want 8": func(o *Order) { o.Answers = o.Answers[:3] },
		"/no/such/worker": func(o *Order) {
			o.Variant, o.Setting.Worker = "workload=primes/model=process-pool/workers=2", []string{"/no/such/worker"}
		},
	} {
		t.Run(want, func(t *testing.T) {
			order := good
			change(&order)
			_, complaint, err := converse(t, order)
			if err == nil || !strings.Contains(complaint, want) || strings.Count(complaint, "\n") != 1 {
				t.Errorf("%v, it said %q, want one line with %q", err, complaint, want)
			}
		})
	}
}

func TestATrialThatIsToldNothingEnds(t *testing.T) {
	proctest.Tidy(t)
	for name, input := range map[string]string{"nothing": "", "half an order": `{"Variant":`} {
		c := trialProcess(t)
		c.Stdin = strings.NewReader(input)
		out, err := c.CombinedOutput()
		if err == nil || !strings.HasPrefix(string(out), "reading what to do from standard input") {
			t.Errorf("told %s: %v, it said %q", name, err, out)
		}
	}
}

// Its tasks take minutes, but nobody wants to know any more.
func TestATrialEndsWithItsParent(t *testing.T) {
	proctest.Tidy(t)
	c := trialProcess(t)
	in, out := proctest.Start(t, c)
	order := Order{Variant: "workload=sleep/delay=20ms/model=loop/workers=1", Tasks: 10_000, Setting: setting, Answers: answers(t, "sleep", 0, 0)}
	if err := send(in, order); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != protocol.Ready+"\n" {
		t.Errorf("it said %q, %v", line, err)
	}
	// If there is no memory left, it is the first to go: its run is not.
	if runtime.GOOS == "linux" {
		score, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", c.Process.Pid))
		if err != nil || string(score) != "1000\n" {
			t.Errorf("its oom_score_adj: %q, %v", score, err)
		}
	}
	_, _ = io.WriteString(in, "\n")
	_ = in.Close()
	if err := c.Wait(); err == nil || err.Error() != "exit status 1" {
		t.Errorf("it ended with %v", err)
	}
}

// trialProcess prepares this program as a trial.
func trialProcess(t *testing.T) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return proc.Command([]string{program, Argument, Trial}, []string{proctest.QuickExit, "GOMAXPROCS=2"})
}

func TestAServerTellsItsAddressesAndEndsWithItsInput(t *testing.T) {
	proctest.Tidy(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := proc.Command([]string{program, Argument, Server}, []string{proctest.QuickExit})
	in, out := proctest.Start(t, c)
	var a Addresses
	if err := json.NewDecoder(out).Decode(&a); err != nil {
		t.Fatal(err)
	}
	for name, addr := range map[string]string{"network": a.Network, "http": a.HTTP} {
		w, err := workload.Find(Workloads, name)
		if err != nil {
			t.Fatal(err)
		}
		task, err := w.New(workload.Params{Name: name, Delay: 1, Addr: addr})
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := task(3); err != nil || answer != web.Reply(3) {
			t.Errorf("%s: %d, %v, want %d", name, answer, err, web.Reply(3))
		}
	}
	_ = in.Close()
	if err := c.Wait(); err == nil || err.Error() != "exit status 1" {
		t.Errorf("it ended with %v", err)
	}
}

func TestARoleThatIsNotThere(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, Argument, "cook").CombinedOutput()
	if err == nil || string(out) != "starting a child as \"cook\": there is no such role\n" {
		t.Errorf("%v, it said %q", err, out)
	}
}

// The small program is used for what it knows, this program for the rest.
func TestWorkerCommand(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	self := fmt.Sprint([]string{program, Argument, Worker})
	for _, c := range []struct {
		small []string
		name  string
		want  string
	}{
		{[]string{"/small"}, "primes", "[/small]"},
		{[]string{"/small"}, "http", self},
		{nil, "primes", self},
	} {
		command, err := workerCommand(c.small, workload.Params{Name: c.name})
		if err != nil || fmt.Sprint(command.Program) != c.want {
			t.Errorf("%v, %s: %v, %v, want %s", c.small, c.name, command.Program, err, c.want)
		}
	}
}

// What cannot be prepared is told in one line, what can is not.
func TestHindrances(t *testing.T) {
	proctest.Tidy(t)
	for name, why := range Hindrances() {
		if why == "" || strings.Contains(why, "\n") {
			t.Errorf("%s: %q", name, why)
		}
	}
	for _, want := range []string{"", "nobody may"} {
		c := card.Card{Name: "knock", Prepare: func(t card.Trial) (card.Session, error) {
			if t.Variant.String() != "mechanism=knock" || len(t.Env.Part) == 0 {
				return card.Session{}, fmt.Errorf("%v, %v", t.Variant, t.Env)
			}
			if want != "" {
				return card.Session{}, errors.New(want)
			}
			return card.Session{}, nil
		}}
		if got := hindrance(c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
