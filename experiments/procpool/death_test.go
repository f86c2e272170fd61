package procpool_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"parcon/experiments/procpool"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

// window is the widest at which a death harms no other request.
func window() int {
	if runtime.GOOS == "linux" {
		return 16
	}
	return 1
}

// noting starts a pool whose workers note what they do.
func noting(t *testing.T, connection string, o procpool.Options) (*procpool.Pool, notes) {
	t.Helper()
	n := newNotes(t)
	o.Ring, o.Env = connection == "ring", n.env()
	p, err := procpool.Start(self(t, connection), o)
	if err != nil {
		t.Fatal(err)
	}
	return p, n
}

func connections(t *testing.T, test func(t *testing.T, connection string)) {
	for _, connection := range []string{"pipes", "ring"} {
		t.Run(connection, func(t *testing.T) {
			if connection == "ring" && runtime.GOOS != "linux" {
				t.Skip("the ring is Linux's")
			}
			proctest.Tidy(t)
			test(t, connection)
		})
	}
}

// A request takes its worker along. All others are answered, also those that
// were sent ahead to the same worker and those that it had finished and not
// sent; none runs twice.
func TestADeathFailsItsRequestAndNoOther(t *testing.T) {
	for _, c := range []struct {
		request      string
		code         int
		status, said string
	}{
		{string(exit), 7, "exit status 7", ""},
		{string(shout) + "the disk is full", 2, "exit status 2", "panic: the disk is full"},
		{string(null), 2, "exit status 2", "panic: runtime error: invalid memory address or nil pointer dereference"},
		{string(die), -1, "signal: killed", ""},
		{string(segv), -1, "signal: segmentation fault", ""},
	} {
		t.Run(c.status+c.said, func(t *testing.T) {
			if c.request[0] == segv && runtime.GOOS != "linux" {
				t.Skip("the test's fault is Linux's")
			}
			connections(t, func(t *testing.T, connection string) {
				const n, lethal = 200, 77
				p, notes := noting(t, connection, procpool.Options{Workers: 2, Window: window()})
				var futures []*procpool.Future
				for i := range n {
					request := fmt.Sprint("e", i)
					if i == lethal {
						request = c.request
					}
					futures = append(futures, p.Submit(context.Background(), []byte(request), nil))
				}
				died := map[int]bool{}
				for i, f := range futures {
					answer, err := f.Wait(context.Background())
					if i != lethal {
						if err != nil || string(answer) != fmt.Sprint("e", i) {
							t.Errorf("request %d: %q, %v", i, answer, err)
						}
						continue
					}
					var death *procpool.DeathError
					if !errors.As(err, &death) {
						t.Fatalf("error %v, want a DeathError", err)
					}
					died[death.PID] = true
					if death.State.ExitCode() != c.code || death.State.String() != c.status && death.State.String() != c.status+" (core dumped)" || !strings.HasPrefix(death.Said, c.said) {
						t.Errorf("it died as %v, code %d, saying %q", death.State, death.State.ExitCode(), death.Said)
					}
					if text := err.Error(); !strings.Contains(text, c.status) || !strings.Contains(text, c.said) || strings.Contains(text, "\n") {
						t.Errorf("error %q", text)
					}
				}
				closed(t, p)
				checkRuns(t, notes, n)
				if requests, processes := notes.mostAtOnce(died); requests > 2 || processes > 2 {
					t.Errorf("a pool of 2 ran %d requests at once, with %d processes", requests, processes)
				}
			})
		})
	}
}

// checkRuns fails unless so many different requests ran, and each once.
func checkRuns(t *testing.T, notes notes, n int) {
	t.Helper()
	runs := notes.runs()
	if len(runs) != n {
		t.Errorf("%d requests ran, want %d", len(runs), n)
	}
	for request, times := range runs {
		if times != 1 {
			t.Errorf("request %q ran %d times", request, times)
		}
	}
}

// Many of them die, in a pool that is in use from all sides.
func TestManyDeaths(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		const n = 120
		p, notes := noting(t, connection, procpool.Options{Workers: 3, Window: window()})
		var futures [n]*procpool.Future
		for i := range n {
			kind := byte(echo)
			if i%8 == 3 {
				kind = []byte{exit, shout, die}[i/8%3]
			}
			futures[i] = p.Submit(context.Background(), fmt.Appendf(nil, "%c%d", kind, i), nil)
		}
		died := map[int]bool{}
		for i, f := range futures {
			answer, err := f.Wait(context.Background())
			var death *procpool.DeathError
			switch lethal := i%8 == 3; {
			case errors.As(err, &death) != lethal:
				t.Errorf("request %d: %q, %v", i, answer, err)
			case lethal:
				if died[death.PID] {
					t.Errorf("worker %d died twice", death.PID)
				}
				died[death.PID] = true
			case string(answer) != fmt.Sprint("e", i):
				t.Errorf("request %d: %q, %v", i, answer, err)
			}
		}
		closed(t, p)
		checkRuns(t, notes, n)
		if requests, processes := notes.mostAtOnce(died); requests > 3 || processes > 3 {
			t.Errorf("a pool of 3 ran %d requests at once, with %d processes", requests, processes)
		}
	})
}

func TestAWorkerKilledFromOutside(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 1, Window: window()})
		hung := p.Submit(context.Background(), []byte{hang}, nil)
		begun := notes.waitUntilBegun(string(hang))
		next := p.Submit(context.Background(), []byte{pid}, nil)
		worker, err := os.FindProcess(begun.pid)
		if err == nil {
			err = worker.Kill()
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = hung.Wait(context.Background())
		var death *procpool.DeathError
		if !errors.As(err, &death) || death.PID != begun.pid || death.State.String() != "signal: killed" {
			t.Errorf("error %v, want the death of worker %d", err, begun.pid)
		}
		if answer, err := next.Wait(context.Background()); err != nil || string(answer) == strconv.Itoa(begun.pid) {
			t.Errorf("the next one: %q, %v", answer, err)
		}
		closed(t, p)
	})
}

// In the middle of a chunk, what was answered before stays answered.
func TestADeathInAChunk(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 1})
		answered := 0
		err := p.MapChunks(context.Background(), 100, 16, func(i int, buf []byte) []byte {
			if i == 40 {
				return append(buf, exit)
			}
			return fmt.Appendf(buf, "e%d", i)
		}, func(i int, _ []byte) error {
			if i != answered {
				t.Errorf("request %d was answered after %d", i, answered)
			}
			answered++
			return nil
		})
		var death *procpool.DeathError
		if !errors.As(err, &death) || runtime.GOOS == "linux" && (answered != 40 || !strings.HasPrefix(err.Error(), "request 40: ")) {
			t.Errorf("%d were answered, then: %v", answered, err)
		}
		// The pool goes on.
		if answer, err := p.Do(context.Background(), []byte("eagain")); err != nil || string(answer) != "eagain" {
			t.Errorf("afterwards: %q, %v", answer, err)
		}
		closed(t, p)
		if runtime.GOOS == "linux" {
			checkRuns(t, notes, 42)
		}
	})
}

// Programs that cannot work are not started for ever.
func TestAPoolGivesUp(t *testing.T) {
	for role, want := range map[string]string{
		"mute":          "exit status 0",
		"panic at once": "panic: no configuration",
		"babble":        "something else writes to this stream",
	} {
		t.Run(role, func(t *testing.T) {
			proctest.Tidy(t)
			notes := newNotes(t)
			p, err := procpool.Start(self(t, role), procpool.Options{Workers: 2, Env: notes.env()})
			if err != nil {
				t.Fatal(err)
			}
			var futures []*procpool.Future
			for range 50 {
				futures = append(futures, p.Submit(context.Background(), []byte{echo}, nil))
			}
			if runtime.GOOS != "linux" {
				_ = p.Close()
				return // each death fails what was sent: it takes a number of them
			}
			for _, f := range futures {
				if _, err := f.Wait(context.Background()); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "giving up the process pool: 5 workers in a row died") || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v", err)
				}
			}
			if _, err := p.Do(context.Background(), []byte{echo}); err == nil || !strings.Contains(err.Error(), "giving up") {
				t.Errorf("afterwards: %v", err)
			}
			if err := p.Join(context.Background()); err != nil {
				// The other place's worker may have ended before it was asked.
				if !strings.Contains(err.Error(), "ending worker") {
					t.Error(err)
				}
			}
			starts := 0
			for _, e := range notes.read() {
				if e.event == "start" {
					starts++
				}
			}
			if starts > 2*5 {
				t.Errorf("%d processes were started", starts)
			}
		})
	}
}

// The program goes away while the pool is in use.
func TestAPoolWhoseProgramIsGone(t *testing.T) {
	proctest.Tidy(t)
	argv := self(t, "pipes")
	link := filepath.Join(t.TempDir(), "program")
	if err := os.Symlink(argv[0], link); err != nil {
		t.Skip(err)
	}
	argv[0] = link
	p, err := procpool.Start(argv, procpool.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	var death *procpool.DeathError
	if _, err := p.Do(context.Background(), []byte{exit}); !errors.As(err, &death) {
		t.Errorf("error %v", err)
	}
	if _, err := p.Do(context.Background(), []byte{echo}); err == nil || !strings.Contains(err.Error(), "after 5 attempts: starting a new worker, "+link) {
		t.Errorf("error %v", err)
	}
	closed(t, p)
}

func TestWorkersDieWithTheirParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs PR_SET_PDEATHSIG and /proc")
	}
	proctest.Tidy(t)
	c := proc.Command(self(t, "parent"), []string{proctest.QuickExit})
	_, out := proctest.Start(t, c)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var end *exec.ExitError
	if err := c.Wait(); !errors.As(err, &end) {
		t.Errorf("the parent ended with %v", err)
	}
	for _, field := range strings.Fields(line) {
		worker, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		proctest.WaitUntilGone(t, worker)
	}
}

// What workers say goes on to the pool's owner.
func TestStderrIsHandedOn(t *testing.T) {
	proctest.Tidy(t)
	var said strings.Builder // of one worker, and read when it is gone
	p, err := procpool.Start(self(t, "pipes"), procpool.Options{Workers: 1, Stderr: &said})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Do(context.Background(), []byte{null}); err == nil {
		t.Error("no error")
	}
	closed(t, p)
	if !strings.Contains(said.String(), "goroutine 1 [running]") {
		t.Errorf("it said %q", said.String())
	}
}
