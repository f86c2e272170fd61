package life

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parcon/experiments/card"
	"parcon/experiments/card/cardtest"
	"parcon/experiments/cpython"
	"parcon/runner/affinity"
	"parcon/runner/clock"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// The test binary starts itself: as a part, after a mark by which its processes
// are found; as a trial, which prints a line when it runs and one with what it
// measured; and to fail as Go programs do.
func TestMain(m *testing.M) {
	var err error
	switch {
	case len(os.Args) > 3 && os.Args[1] == "part":
		err = card.RunPart(Chapter.Cards, os.Args[3:])
	case len(os.Args) == 5 && os.Args[1] == "trial":
		err = trial(os.Args[2], os.Args[3], os.Args[4])
	case len(os.Args) == 2 && os.Args[1] == "nil":
		*nowhere = 1
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

// setting starts parts through env(1), which hands them what spares them a
// second at their end under -race, and becomes them: they keep PID and parent.
func setting(mark string) card.Env {
	python, _ := interpreter()
	return card.Env{Part: []string{"/usr/bin/env", proctest.QuickExit, self(), "part", mark}, Python: python.Path}
}

// interpreter looks for a CPython, once.
var interpreter = sync.OnceValues(cpython.Find)

// ofCPython are the variants whose trials start a Python and no parts.
var ofCPython = []string{"mechanism=offspring/daemon=cpython", "mechanism=grandchild/way=cpython-term"}

func prepare(name, mark string, ops int) (card.Session, error) {
	m, v, err := card.Parse(Chapter.Cards, name)
	if err != nil {
		return card.Session{}, err
	}
	return m.Prepare(card.Trial{Variant: v, Ops: ops, Env: setting(mark)})
}

// needs skips a test of what this user may not do on this machine.
func needs(t *testing.T, name string) {
	t.Helper()
	if _, err := interpreter(); slices.Contains(ofCPython, name) && err != nil {
		t.Skip(err)
	}
	if !cardOf(t, name).Tried {
		return
	}
	s, err := prepare(name, "needs", 1)
	if err != nil {
		t.Skip(err)
	}
	if s.Close != nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func run(name, mark string, ops int, running func()) (protocol.Measurement, error) {
	s, err := prepare(name, mark, ops)
	if err != nil {
		return nil, err
	}
	running()
	m, err := s.Run()
	if s.Close != nil {
		err = errors.Join(err, s.Close())
	}
	return m, err
}

func trial(name, mark, ops string) error {
	n, err := strconv.Atoi(ops)
	if err != nil {
		return err
	}
	m, err := run(name, mark, n, func() { fmt.Println("running") })
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(m)
}

// trialCommand is a trial in a process of its own.
func trialCommand(name, mark string, ops int) *exec.Cmd {
	python, _ := interpreter()
	return proc.Command([]string{self(), "trial", name, mark, strconv.Itoa(ops)}, []string{proctest.QuickExit, cpython.Variable + "=" + python.Path})
}

// mark makes a text that no other test's processes have in their command line.
func mark(t *testing.T) string {
	return fmt.Sprintf("%s:%d:%d", strings.ReplaceAll(t.Name(), "/", "_"), os.Getpid(), rand.Uint64())
}

func cardOf(t *testing.T, name string) card.Card {
	t.Helper()
	m, _, err := card.Parse(Chapter.Cards, name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEveryVariantSeesWhatIsToBeSeen(t *testing.T) {
	units := cardtest.NewUnits(t, Chapter.Cards)
	for _, name := range variants {
		if name == "mechanism=orphan/adopter=init" {
			continue // leaves the orphans to others: see below
		}
		for _, ops := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s/%d", name, ops), func(t *testing.T) {
				proctest.Tidy(t)
				units.Try(t, cardOf(t, name))
				needs(t, name)
				m, err := run(name, mark(t), ops, func() {})
				if err != nil {
					t.Fatal(err)
				}
				units.Check(t, cardOf(t, name), m)
				checkTries(t, name, m, float64(ops))
				if m["early"] != 0 || m["outside"] != 0 {
					t.Errorf("%v joins returned early, %v interrupts went outside of their group", m["early"], m["outside"])
				}
				if name == "mechanism=orphan/adopter=subreaper" && (m["parent-pid"] != float64(os.Getpid()) || m["reaped"] != float64(ops)) {
					t.Errorf("%v, want all orphans buried by %d", m, os.Getpid())
				}
				if m["gone-p50-ns"] > m["gone-p99-ns"] || m["gone-p99-ns"] > m["gone-max-ns"] {
					t.Errorf("%v: not in order", m)
				}
			})
		}
	}
}

// allSeen are the mechanisms of which all is seen.
var allSeen = strings.Fields("zombie orphan daemon exits join interrupt reuse exhaust offspring")

// checkTries looks at what must be, however busy the machine is. The moment of terminate
// may come too late.
func checkTries(t *testing.T, name string, m protocol.Measurement, ops float64) {
	t.Helper()
	tries, tried := m["tries"]
	switch {
	case strings.HasPrefix(name, "mechanism=turns/"):
		// Turns that are cut off at once are shorter than a step of the clock, but not all are.
		if m[stretchMost] <= 0 || m[stretchHalf] > m[stretchMost] || m[stretchSeen] < 1 {
			t.Errorf("%v, want turns, and the median of them not above their 99 %%", m)
		}
	case !tried: // it only measures
	case tries != ops:
		t.Errorf("%v, want %v tries", m, ops)
	case strings.HasPrefix(name, "mechanism=grandchild/"):
		if m["seen"] != 0 || m["orphans"] != ops {
			t.Errorf("%v, want none of %v a zombie, all orphans", m, ops)
		}
	case m["seen"] > ops:
		t.Errorf("%v: more seen than tried", m)
	case name == "mechanism=reuse" && (m["again"] != ops || m["mistaken"] != 0):
		t.Errorf("%v, want all of %v numbers given out again, and no pidfd mistaken", m, ops)
	case name == "mechanism=offspring/daemon=kernel" && m["seen"] != 0:
		t.Errorf("%v, want none of %v refused", m, ops)
	case name == "mechanism=offspring/daemon=kernel":
	case name == "mechanism=exhaust" && m["freed"] != ops:
		t.Errorf("%v, want all of %v freed", m, ops)
	case slices.Contains(allSeen, cardOf(t, name).Name) && m["seen"] != ops:
		t.Errorf("%v, want all of %v seen", m, ops)
	}
}

func TestProcessesLiveOnAfterTheirSignal(t *testing.T) {
	for _, way := range []string{wayTerm, wayKill} {
		proctest.Tidy(t)
		m, err := run("mechanism=terminate/way="+way, mark(t), 20, func() {})
		if err != nil || m["seen"] == 0 || m["gone-p50-ns"] <= 0 {
			t.Errorf("%s: %v, %v, want some of 20 alive after it", way, m, err)
		}
	}
}

// A process that reads its clock is where it is to be and sees no gap that is shorter
// than a turn, none out of order, and none outside of its time.
func TestReadClock(t *testing.T) {
	queue, err := os.Open("/proc/self/task/" + strconv.Itoa(os.Getpid()) + "/schedstat")
	if err != nil {
		t.Skip(err)
	}
	defer queue.Close()
	from := clock.Now() + int64(2*time.Millisecond)
	to := from + int64(20*time.Millisecond)
	gaps, err := readClock(queue, from, to)
	if err != nil {
		t.Fatal(err)
	}
	if end := clock.Now(); end < to {
		t.Errorf("it ended at %d, before %d", end, to)
	}
	last := from
	for _, g := range gaps {
		if g.from < last || g.to-g.from < int64(leastTurn) || g.waited < 0 {
			t.Errorf("%v: behind %d", g, last)
		}
		last = g.to
	}
}

// Two workers on one core: each is there alone, and the rest of its runtime is not,
// where there is another core.
func TestAWorkerHasItsCoreToItsThread(t *testing.T) {
	proctest.Tidy(t)
	s, err := prepare("mechanism=turns/others=1", mark(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	cores, err := affinity.Cores()
	if err != nil {
		t.Fatal(err)
	}
	want := strconv.Itoa(cores[len(cores)-1])
	workers := 0
	for _, pid := range processes(t) {
		if parent, err := parentOf(pid); err != nil || parent != os.Getpid() {
			continue
		}
		workers++
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		if err != nil {
			t.Fatal(err)
		}
		there := 0
		for _, task := range tasks {
			text, _ := os.ReadFile(task)
			_, allowed, _ := strings.Cut(string(text), "Cpus_allowed_list:\t")
			if allowed, _, _ = strings.Cut(allowed, "\n"); allowed == want {
				there++
			}
		}
		if there != 1 && len(cores) > 1 || there == 0 {
			t.Errorf("process %d has %d of %d threads on core %s alone, want one", pid, there, len(tasks), want)
		}
	}
	if workers != 2 {
		t.Errorf("%d workers, want 2", workers)
	}
}

func TestStatesTellComputingFromWaiting(t *testing.T) {
	proctest.Tidy(t)
	seen := map[string]protocol.Measurement{}
	for _, work := range []string{workCompute, workWait, workOver} {
		m, err := run("mechanism=states/work="+work, mark(t), 50, func() {})
		if err != nil {
			t.Fatal(err)
		}
		if sum := m["running-share"] + m["ready-share"] + m["blocked-share"]; sum < 0.999 || sum > 1.001 {
			t.Errorf("%s: the shares add up to %v", work, sum)
		}
		if sum := m["r-share"] + m["s-share"]; sum < 0.999 || sum > 1.001 {
			t.Errorf("%s: the samples add up to %v", work, sum)
		}
		seen[work] = m
	}
	// Other programs may make all of them ready for longer, but who waits is
	// blocked and who computes is not.
	wait := seen[workWait]
	for _, work := range []string{workCompute, workOver} {
		if m := seen[work]; m["r-share"] <= wait["r-share"] || m["blocked-share"] >= wait["blocked-share"] {
			t.Errorf("%s: %v, want it blocked less than workers that wait: %v", work, m, wait)
		}
	}
	if m := seen[workOver]; m["ready-share"] < m["running-share"] {
		t.Errorf("%v, want four workers on a core to wait for it longer than they have it", m)
	}
}

// The trial is a process of its own, and this one is where the kernel takes its
// orphans, so that it does not depend on the machine's first process.
func TestOrphansGoToAnAncestor(t *testing.T) {
	const name, tries = "mechanism=orphan/adopter=init", 3
	proctest.Tidy(t)
	defer adopting(t)()
	c := trialCommand(name, mark(t), tries)
	var out, problem bytes.Buffer
	c.Stdout, c.Stderr = &out, &problem
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	var err error
	for running := true; running; {
		select {
		case err = <-ended:
			running = false
		case <-time.After(time.Millisecond):
			buryOthers(t, c.Process.Pid)
		}
	}
	buryAll(t)
	if err != nil {
		t.Fatalf("%v: %s", err, problem.String())
	}
	_, line, _ := strings.Cut(out.String(), "running\n")
	var m protocol.Measurement
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	if m["burial-ns"] <= 0 || m["parent-pid"] <= 0 {
		t.Errorf("%v, want the time of a burial and the number of the parent", m)
	}
	if m["tries"] != tries || m["seen"] != tries || m["reaped"] != tries || m["parent-pid"] != float64(os.Getpid()) {
		t.Errorf("%v, want all %d seen, and buried by %d", m, tries, os.Getpid())
	}
}

// A zombie is there until it is waited for; another process of its PID is not it.
func TestBuried(t *testing.T) {
	proctest.Tidy(t)
	c, err := start(exec.Command("/bin/true"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.over(); err != nil {
		t.Fatal(err)
	}
	pid := c.cmd.Process.Pid
	was, there, err := look(pid)
	if err != nil || !there || was.state != 'Z' {
		t.Fatalf("%v, %v, %v", was, there, err)
	}
	check := func(what string, was stat, want bool) {
		t.Helper()
		if got, err := buried(pid, was, time.Now()); got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", what, got, err, want)
		}
	}
	check("a zombie", was, false)
	check("one that had the PID before", stat{'S', was.start - 1}, true)
	if _, err := c.join(); err != nil {
		t.Fatal(err)
	}
	check("one that was waited for", was, true)
}

// adopting makes this process adopt orphans until the function it returns is
// called.
func adopting(t *testing.T) func() {
	t.Helper()
	restore, err := adopt(true)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := restore(); err != nil {
			t.Error(err)
		}
	}
}

// buryOthers buries ended children of this process but one, which somebody else
// waits for.
func buryOthers(t *testing.T, but int) {
	t.Helper()
	for _, pid := range processes(t) {
		if parent, err := parentOf(pid); err != nil || parent != os.Getpid() || pid == but {
			continue
		}
		if _, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); err != nil {
			t.Errorf("burying %d: %v", pid, err)
		}
	}
}

// buryAll buries all children of this process as they end, until it has none.
func buryAll(t *testing.T) {
	t.Helper()
	for until := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		for {
			pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
			if errors.Is(err, unix.ECHILD) {
				return
			}
			if err != nil && !errors.Is(err, unix.EINTR) {
				t.Fatal(err)
			}
			if err == nil && pid == 0 {
				break
			}
		}
		if time.Now().After(until) {
			t.Fatal("processes of a trial that was killed are left")
		}
	}
}

// processes lists the PIDs of this machine.
func processes(t *testing.T) []int {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, dir := range dirs {
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// marked says whether a process of one of these parts is there now.
func marked(t *testing.T, mark string, parts []string) bool {
	t.Helper()
	for _, pid := range processes(t) {
		line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		args := strings.Split(string(line), "\x00")
		at := slices.Index(args, mark)
		// "part", mark, mechanism, part: with a mechanism and a part behind it.
		if at > 0 && args[at-1] == "part" && at+2 < len(args) && slices.Contains(parts, args[at+2]) {
			return true
		}
	}
	return false
}

// Chapter.Cards that descends from a trial comes to this process when the trial is killed:
// nothing can get away unseen. That all has ended well within the lifetime that
// ends the plain children if nothing else does shows that it was not this.
func TestNothingIsLeftOfATrialThatIsKilled(t *testing.T) {
	for _, name := range variants {
		t.Run(name, func(t *testing.T) {
			proctest.Tidy(t)
			needs(t, name)
			defer adopting(t)()
			for range 2 {
				if startsParts(t, name) {
					killInTheMiddle(t, name, aChildIsThere(lastParts(cardOf(t, name))))
				}
			}
			killInTheMiddle(t, name, atAnyMoment)
		})
	}
}

// startsParts says whether a trial of a variant starts a part of its card.
func startsParts(t *testing.T, name string) bool {
	t.Helper()
	return !slices.Contains(ofCPython, name) && len(cardOf(t, name).Parts) > 0
}

// killInTheMiddle waits until it is the moment, and kills a trial that has much
// to do yet.
func killInTheMiddle(t *testing.T, name string, moment func(t *testing.T, trial *os.Process, mark string)) {
	t.Helper()
	mark := mark(t)
	c := trialCommand(name, mark, 1_000_000)
	_, out := proctest.Start(t, c)
	defer buryAll(t)
	defer func() { _ = c.Wait() }()
	defer func() { _ = c.Process.Kill() }()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "running\n" {
		t.Fatalf("%q, %v", line, err)
	}
	moment(t, c.Process, mark)
}

func atAnyMoment(*testing.T, *os.Process, string) { time.Sleep(rand.N(10 * time.Millisecond)) }

// lastParts are those at the end of a trial's line of processes: its child or worker, or
// any where none has that name.
func lastParts(c card.Card) []string {
	var last []string
	for _, name := range []string{"child", "worker"} {
		if c.Parts[name] != nil {
			last = append(last, name)
		}
	}
	if len(last) == 0 {
		return slices.Collect(maps.Keys(c.Parts))
	}
	return last
}

// aChildIsThere stops the trial at random moments until it finds that one of these parts
// is alive: then nobody tells it to end.
func aChildIsThere(parts []string) func(t *testing.T, trial *os.Process, mark string) {
	return func(t *testing.T, trial *os.Process, mark string) {
		t.Helper()
		for until := time.Now().Add(patience); ; {
			if err := trial.Signal(unix.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			for s := (stat{}); s.state != 'T'; {
				var err error
				if s, _, err = look(trial.Pid); err != nil || s.ended() {
					t.Fatalf("the trial ended: %v", err)
				}
			}
			if marked(t, mark, parts) {
				return
			}
			if time.Now().After(until) {
				t.Fatal("none of the trial's processes was seen")
			}
			if err := trial.Signal(unix.SIGCONT); err != nil {
				t.Fatal(err)
			}
			time.Sleep(rand.N(5 * time.Millisecond))
		}
	}
}

// What exits says about Go: a nil pointer is an error exit, a real fault is not.
func TestGoEndsANilPointerWithAnErrorExit(t *testing.T) {
	proctest.Tidy(t)
	c := proc.Command([]string{self(), "nil"}, []string{proctest.QuickExit})
	if err := c.Run(); err == nil {
		t.Fatal("it ended well")
	}
	if got := endingOf(c.ProcessState); got != (ending{code: 2}) || got.way() != wayError {
		t.Errorf("%v, which is %q", got, got.way())
	}
}

func TestAChildThatFailsIsAnError(t *testing.T) {
	for _, name := range variants {
		if !startsParts(t, name) {
			continue // see below for those of CPython
		}
		t.Run(name, func(t *testing.T) {
			proctest.Tidy(t)
			m, v, err := card.Parse(Chapter.Cards, name)
			if err != nil {
				t.Fatal(err)
			}
			for want, part := range map[string][]string{
				"no such file": {filepath.Join(t.TempDir(), "none")},
				"":             {"/bin/false"},
			} {
				s, err := m.Prepare(card.Trial{Variant: v, Ops: 2, Env: card.Env{Part: part}})
				var got protocol.Measurement
				if err == nil {
					got, err = s.Run()
					if s.Close != nil {
						err = errors.Join(err, s.Close())
					}
				}
				if err == nil && (want != "" || got["seen"] != 0) {
					t.Errorf("with the program %v: %v, and no error", part, got)
				}
				if err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n")) {
					t.Errorf("with the program %v: %v", part, err)
				}
			}
		})
	}
}

// A process that listens tells whether it got SIGINT, also where a script started it
// in its background and so with that signal ignored.
func TestAListenerTellsWhetherItWasInterrupted(t *testing.T) {
	proctest.Tidy(t)
	for _, want := range []int{0, 1} {
		c, err := start(exec.Command("/bin/sh", "-c", `trap "" INT; exec "$0" part listener interrupt child`, self()))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.ask("hello"); err != nil {
			t.Fatal(err)
		}
		if want == 1 {
			if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := c.over(); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := c.interrupted(); got != want || err != nil {
			t.Errorf("%d, %v, want %d", got, err, want)
		}
		c.close()
	}
}

func TestAPythonThatIsNotThereIsAnError(t *testing.T) {
	proctest.Tidy(t)
	m, v, err := card.Parse(Chapter.Cards, ofCPython[0])
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"": "install python3", "/bin/false": "exit status 1"} {
		_, err := m.Prepare(card.Trial{Variant: v, Ops: 2, Env: card.Env{Python: path}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %s", path, err, want)
		}
	}
}
