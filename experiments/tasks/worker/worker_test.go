package worker_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"parcon/experiments/procpool"
	"parcon/experiments/tasks/worker"
	"parcon/experiments/tasks/workload"
	"parcon/runner/affinity"
	"parcon/runner/usage"
)

// arguments are those of a worker of a workload that needs little.
func arguments(mode, name string, more ...string) []string {
	args := append([]string{mode}, workload.Params{Name: name, Size: 10}.Args()...)
	return append(args, more...)
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == worker.Serve || os.Args[1] == worker.Ring) {
		if err := worker.Main(workload.All, os.Args[1:], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestOneRunsTheTaskOfItsNumber(t *testing.T) {
	w, err := workload.Find(workload.All, "primes")
	if err != nil {
		t.Fatal(err)
	}
	task, err := w.New(workload.Params{Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []int{0, 7, 8, 1000} {
		want, err := task(workload.Seed(number))
		if err != nil {
			t.Fatal(err)
		}
		for _, more := range [][]string{nil, {worker.Peak}} {
			var out bytes.Buffer
			if err := worker.Main(workload.All, arguments(worker.One, "primes", append([]string{fmt.Sprint(number)}, more...)...), nil, &out); err != nil {
				t.Fatal(err)
			}
			r, err := worker.ParseResult(out.Bytes())
			if err != nil || r.Answer != want || r.End < r.Start || (r.PeakRSS > 0) != (more != nil) {
				t.Errorf("task %d %v: %+v, %v, want the answer %d", number, more, r, err, want)
			}
		}
	}
}

func TestServeAnswersTasksAndUsage(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := procpool.Start(append([]string{program}, arguments(worker.Serve, "empty")...), procpool.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	err = p.Map(100, worker.Request, func(task int, answer []byte) error {
		r, err := worker.ParseResult(answer)
		if err == nil && r.Answer != workload.Seed(task) {
			err = fmt.Errorf("task %d answered %d", task, r.Answer)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	answers, err := p.Each(worker.UsageRequest())
	if err != nil {
		t.Fatal(err)
	}
	for _, answer := range answers {
		if u, err := usage.Decode(answer); err != nil || u.PeakRSS < 0 {
			t.Errorf("%+v, %v", u, err)
		}
	}
	if _, err := p.Each([]byte("what?")); err == nil || !strings.Contains(err.Error(), "a request of 5 bytes") {
		t.Errorf("error %v", err)
	}
}

// Only a worker that is asked says who it is and how long it computed.
func TestPlacesAreToldOnlyWhereTheyAreAskedFor(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, env := range [][]string{nil, {worker.PlaceEnv}} {
		p, err := procpool.Start(append([]string{program}, arguments(worker.Serve, "empty")...), procpool.Options{Workers: 2, Env: env})
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex // answers come from several goroutines
		seen := map[int]bool{}
		err = p.Map(20, worker.Request, func(_ int, answer []byte) error {
			r, err := worker.ParseResult(answer)
			switch {
			case err != nil || (r.Place != nil) != (env != nil):
				return fmt.Errorf("%+v, %w", r, err)
			case r.Place == nil:
				return nil
			case r.Place.Worker == os.Getpid() || r.Place.CPU < 0 || r.Place.Core < affinity.Unknown || r.Place.Last < affinity.Unknown:
				return fmt.Errorf("the place %+v", *r.Place)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[r.Place.Worker] = true
			return nil
		})
		if err != nil {
			t.Errorf("%v: %v", env, err)
		}
		if len(seen) > 2 || (len(seen) > 0) != (env != nil) {
			t.Errorf("%v: the workers %v", env, seen)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMainRefusesInOneLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "started by parcon, not by hand"},
		{arguments("dance", "empty"), `mode "dance"`},
		{arguments(worker.One, "empty"), "which one is missing"},
		{arguments(worker.One, "empty", "first"), `"first"`},
		{arguments(worker.One, "prims", "1"), `workload "prims" is not known`},
		{arguments(worker.One, "http", "1"), `workload "http" is not known`}, // needs net/http
		{append([]string{worker.One, "empty", "many"}, arguments("", "")[3:]...), `"many"`},
	} {
		var out bytes.Buffer
		err := worker.Main(workload.All, c.args, strings.NewReader(""), &out)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || out.Len() > 0 {
			t.Errorf("%q: error %v, output %q, want %q", c.args, err, out.Bytes(), c.want)
		}
	}
}

func TestAFailedTaskIsNoResult(t *testing.T) {
	broken := []workload.Workload{{Name: "broken", New: func(workload.Params) (workload.Task, error) {
		return func(uint64) (uint64, error) { return 5, io.ErrNoProgress }, nil
	}}}
	var out bytes.Buffer
	if err := worker.Main(broken, arguments(worker.One, "broken", "1"), nil, &out); err != io.ErrNoProgress || out.Len() > 0 {
		t.Errorf("error %v, output %q", err, out.Bytes())
	}
}

func FuzzParseResult(f *testing.F) {
	f.Add(make([]byte, 24))
	f.Add(make([]byte, 32))
	f.Add(make([]byte, 56))
	f.Add(make([]byte, 64))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := worker.ParseResult(b)
		if (err == nil) != (len(b) == 24 || len(b) == 32 || len(b) == 56 || len(b) == 64) || (r.Place != nil) != (err == nil && len(b) >= 56) {
			t.Fatalf("%d bytes: %v", len(b), err)
		}
	})
}

// A process for one task starts as fast as what it imports lets it.
func TestTheWorkerProgramStaysSmall(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	out, err := exec.Command(goTool, "list", "-deps", "parcon/experiments/programs/worker").Output()
	if err != nil {
		t.Fatal(err)
	}
	heavy := []string{
		"net/http", "os/signal", "testing", "flag", "log", "regexp", "text/template", "go/", "image",
		"gonum.org", "golang.org/x/image", "golang.org/x/perf", "golang.org/x/net", "golang.org/x/sync",
		"github.com", "pgregory.net", "go.uber.org",
		"parcon/runner/protocol", "parcon/report", "parcon/experiments/tasks/model", "parcon/experiments/child", "parcon/experiments/testbed",
	}
	found := false
	for _, path := range strings.Fields(string(out)) {
		found = found || path == "parcon/experiments/tasks/worker"
		if path == "parcon/runner" || path == "parcon/experiments/card" {
			t.Errorf("it imports %s", path)
		}
		for _, h := range heavy {
			if path == h || strings.HasPrefix(path, strings.TrimSuffix(h, "/")+"/") {
				t.Errorf("it imports %s", path)
			}
		}
	}
	if !found {
		t.Errorf("these are not its imports: %s", out)
	}
}

func ExampleMain() {
	params := workload.Params{Name: "primes", Size: 10} // 1000001, 1000003 ... 1000019
	args := append(append([]string{worker.One}, params.Args()...), "0")
	var out bytes.Buffer
	if err := worker.Main(workload.All, args, nil, &out); err != nil {
		fmt.Println(err)
		return
	}
	result, err := worker.ParseResult(out.Bytes())
	fmt.Println(result.Answer, result.Start <= result.End, err)
	// Output: 1000003 true <nil>
}
