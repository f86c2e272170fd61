package role_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"parcon/experiments/remote"
	"parcon/experiments/remote/role"
	"parcon/experiments/taskqueue"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/runner/proc"
)

// The test binary is the program of all roles.
func TestMain(m *testing.M) {
	role.Child()
	if len(os.Args) > 2 && os.Args[1] == "straight" {
		go proc.WatchParent(os.Stdin)
		fmt.Fprintln(os.Stderr, straightWorker(os.Args[2]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const steps = 200_000 // of a task: some tenths of a millisecond

// start starts a pool whose tasks are steps.
func start(t *testing.T, workers int, o remote.Order) *remote.Pool {
	t.Helper()
	o.Params = workload.Params{Name: workload.Steps.Name, Size: steps}.Args()
	o.Prefetch, o.Patience = 4, 100*time.Millisecond
	p, err := remote.Start(remote.Options{Program: []string{os.Args[0], "child", remote.Child}, Workers: workers, Env: []string{"GOMAXPROCS=1"}, Order: o})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// check looks at the answers of the last run.
func check(t *testing.T, p *remote.Pool, n int) {
	t.Helper()
	next := 0
	err := p.Answers(n, func(task int, body []byte) error {
		result, err := worker.ParseResult(body)
		if err != nil {
			return err
		}
		if want := workload.StepsAnswer(task, steps); task != next || result.Answer != want {
			return fmt.Errorf("task %d is %d with the answer %d, want %d", next, task, result.Answer, want)
		}
		next++
		return nil
	})
	if err != nil || next != n {
		t.Errorf("%d of %d answers: %v", next, n, err)
	}
}

func TestAPoolAnswersAllAndSaysWhatItConsumed(t *testing.T) {
	p := start(t, 2, remote.Order{Store: remote.Memory, Dir: t.TempDir()})
	before, err := p.Usage()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{300, 1} {
		p.Begin(n)
		tally, err := p.Done()
		if err != nil || tally != (remote.Tally{}) {
			t.Fatalf("%+v, %v", tally, err)
		}
		check(t, p, n)
	}
	after, err := p.Usage()
	if err != nil {
		t.Fatal(err)
	}
	for unit, spent := range after.Since(before).Each(301) {
		if spent <= 0 {
			t.Errorf("%s is %v", unit, spent)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestAKilledWorkerTakesNothingAlong(t *testing.T) {
	p := start(t, 2, remote.Order{Store: remote.Memory, Dir: t.TempDir()})
	p.Begin(400)
	for range 3 {
		time.Sleep(10 * time.Millisecond)
		if err := p.Replace(); err != nil {
			t.Fatal(err)
		}
	}
	if tally, err := p.Done(); err != nil || tally.Lost > 0 {
		t.Fatalf("%+v, %v", tally, err)
	}
	check(t, p, 400)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestAKilledServerIsThereAgainWithItsFiles(t *testing.T) {
	for _, store := range []string{remote.Disk, remote.Synced} {
		p := start(t, 2, remote.Order{Store: store, Dir: t.TempDir(), Keep: true})
		p.Begin(200)
		for range 2 {
			time.Sleep(20 * time.Millisecond)
			if err := p.Restart(); err != nil {
				t.Fatal(err)
			}
		}
		if tally, err := p.Done(); err != nil || tally.Lost > 0 {
			t.Fatalf("%s: %+v, %v", store, tally, err)
		}
		check(t, p, 200)
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What a store in memory loses is told, and not waited for.
func TestWhatTheServerLostIsTold(t *testing.T) {
	p := start(t, 0, remote.Order{Store: remote.Memory, Dir: t.TempDir()})
	defer p.Kill()
	p.Begin(50)
	time.Sleep(100 * time.Millisecond)
	if err := p.Restart(); err != nil {
		t.Fatal(err)
	}
	if tally, err := p.Done(); err != nil || tally.Lost != 50 {
		t.Errorf("%+v, %v", tally, err)
	}
}

func TestTheSameBoundOfWhatIsTakenAhead(t *testing.T) {
	if remote.MaxPrefetch != taskqueue.MaxPrefetch {
		t.Errorf("%d and %d", remote.MaxPrefetch, taskqueue.MaxPrefetch)
	}
}

// Only for its key a stranger counts as refused.
func TestAServerThatIsGoneRefusesNobody(t *testing.T) {
	p := start(t, 0, remote.Order{Store: remote.Memory, Dir: t.TempDir()})
	who, err := p.Stranger("some-other-key-here")
	if err != nil {
		t.Fatal(err)
	}
	p.Kill()
	if got, err := who.Ask(remote.AskKnock + " 3"); err == nil {
		t.Errorf("%s of 3 were refused by nobody", got)
	}
}

func TestAStrangerIsRefused(t *testing.T) {
	p := start(t, 0, remote.Order{Store: remote.Memory, Dir: t.TempDir()})
	for key, want := range map[string]string{remote.Key: "0", "some-other-key-here": "3", "": "3"} {
		who, err := p.Stranger(key)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := who.Ask(remote.AskKnock + " 3"); got != want || err != nil {
			t.Errorf("with the key %q %s of 3 were refused, want %s: %v", key, got, want, err)
		}
		if err := who.End(time.Minute); err != nil {
			t.Error(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestAProgramWithoutItsRoleSaysSo(t *testing.T) {
	for _, args := range [][]string{nil, {"clown"}, {remote.Worker, "more"}} {
		if err := role.Main(args); err == nil || !strings.Contains(err.Error(), "started by parcon") {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func ExamplePrepare() {
	job := taskqueue.Job{Kind: role.Workload, Params: workload.Params{Name: "steps", Size: 10}.Args()}
	handle, err := role.Prepare(job, os.TempDir())
	if err != nil {
		fmt.Println(err)
		return
	}
	for request := range role.Numbers(1) {
		answer, err := handle(nil, request)
		result, _ := worker.ParseResult(answer)
		fmt.Println(result.Answer == workload.StepsAnswer(0, 10), err)
	}
	// Output: true <nil>
}
