package servers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/card/cardtest"
	"parcon/experiments/echo"
	"parcon/experiments/server"
	"parcon/experiments/server/gonet"
	"parcon/experiments/servers"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// The test binary starts itself as a server, after a mark by which its processes are
// found, and as a trial, which prints a line when it runs and one with what it measured.
func TestMain(m *testing.M) {
	var err error
	switch {
	case len(os.Args) > 1 && os.Args[1] == "serve":
		args := os.Args[2:]
		if len(args) > 0 && strings.HasPrefix(args[0], marked) {
			args = args[1:]
		}
		err = server.Main(slices.Concat(server.Raw, gonet.Models), args)
	case len(os.Args) == 5 && os.Args[1] == "trial":
		err = trial(os.Args[2], os.Args[3], os.Args[4])
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// marked begins a mark.
const marked = "mark:"

func mark() string { return fmt.Sprint(marked, os.Getpid(), ":", rand.Uint64()) }

// setting starts servers through env(1), which hands them what spares them a second at
// their end under -race, and becomes them.
func setting(mark string) card.Env {
	program := []string{"/usr/bin/env", proctest.QuickExit, os.Args[0], "serve", mark}
	return card.Env{Server: program, NetServer: program}
}

func run(name, mark string, ops int, running func()) (protocol.Measurement, error) {
	c, v, err := card.Parse(servers.Chapter.Cards, name)
	if err != nil {
		return nil, err
	}
	s, err := c.Prepare(card.Trial{Variant: v, Ops: ops, Env: setting(mark)})
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

// left are the processes whose command line holds a mark.
func left(mark string) []string {
	var found []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		line, _ := os.ReadFile(path)
		if pid := filepath.Base(filepath.Dir(path)); strings.Contains(string(line), mark) && pid != strconv.Itoa(os.Getpid()) {
			found = append(found, pid+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

func nothingIsLeft(t *testing.T, mark string) {
	t.Helper()
	var found []string
	for range 1000 {
		if found = left(mark); len(found) == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("processes are left: %q", found)
}

// numbers are those of keys that have any: requests that come slowly, so that a busy
// machine keeps up.
var numbers = map[string][]string{"connections": {"3"}, "rate": {"100"}}

// expected says what each try of a variant must see: nil where it depends on luck, or is
// not known beforehand.
func expected(name string) *bool {
	yes, no := true, false
	has := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(name+"/", "="+text+"/") })
	}
	switch {
	case has(server.Serial):
		return &no
	case strings.HasPrefix(name, "mechanism=second"), strings.HasPrefix(name, "mechanism=serve"), has(server.Process):
		return &yes
	case has(server.ProcessesThreads):
		return nil
	case has(server.NetHTTP) && has("panic", "nil"):
		return &yes
	}
	return &no
}

func TestEveryVariantSeesWhatIsToBeSeen(t *testing.T) {
	units := cardtest.NewUnits(t, servers.Chapter.Cards)
	for _, c := range servers.Chapter.Cards {
		for _, v := range cardtest.Variants(c, numbers) {
			t.Run(v.String(), func(t *testing.T) {
				proctest.Tidy(t)
				units.Try(t, c)
				const ops = 5
				mark := mark()
				m, err := run(v.String(), mark, ops, func() {})
				if err != nil {
					t.Fatal(err)
				}
				units.Check(t, c, m)
				nothingIsLeft(t, mark)
				if _, told := m["server-cpu-ns/op"]; c.Name == "serve" && !told {
					t.Skip("the generator lagged again and again: such a trial does not tell what the server computed")
				}
				if c.Name == "saturate" { // which is timed, and tries nothing
					return
				}
				if m["tries"] != ops && c.Name != "serve" { // which may make another load
					t.Errorf("%v tries, want %d", m["tries"], ops)
				}
				if want := expected(v.String()); want != nil && (m["seen"] == m["tries"]) != *want || want != nil && !*want && m["seen"] != 0 {
					t.Errorf("seen in %v of %d, want all: %v", m["seen"], ops, *want)
				}
			})
		}
	}
}

// Whenever a trial is killed, nothing is left of it.
func TestNothingIsLeftOfAKilledTrial(t *testing.T) {
	names := []string{"mechanism=second/server=serial"}
	for _, model := range server.Names {
		names = append(names, "mechanism=takedown/server="+model+"/way=kill")
	}
	names = append(names, "mechanism=serve/server=process/connections=3/rate=1000", "mechanism=saturate/server=processes-threads/work=1ms")
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			proctest.Tidy(t)
			mark := mark()
			c := proc.Command([]string{os.Args[0], "trial", name, mark, "10000"}, []string{proctest.QuickExit})
			_, out := proctest.Start(t, c)
			if _, err := out.Read(make([]byte, 64)); err != nil {
				t.Fatal(err)
			}
			for range 1000 {
				if len(left(mark)) > 1 { // more than the trial itself
					break
				}
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Duration(5*i) * time.Millisecond) // another moment for each
			_ = c.Process.Kill()
			if err := c.Wait(); err == nil {
				t.Error("it was not killed")
			}
			nothingIsLeft(t, mark)
		})
	}
}

func TestAServerThatCannotStart(t *testing.T) {
	proctest.Tidy(t)
	const unknown = `starting a server, model none: waiting for a part's answer: exit status 1: starting a server: this program has no model "none"`
	if _, err := servers.Start(card.Trial{Env: setting(mark())}, "none", false); err == nil || err.Error() != unknown {
		t.Errorf("%v, want %s", err, unknown)
	}
	nowhere := card.Trial{Env: card.Env{Server: []string{"/nowhere/program"}}}
	if _, err := servers.Start(nowhere, server.Loop, false); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	mute := card.Trial{Env: card.Env{Server: []string{"/bin/true"}}}
	if _, err := exec.LookPath("/bin/true"); err == nil {
		if _, err := servers.Start(mute, server.Loop, false); err == nil || strings.Contains(err.Error(), "\n") {
			t.Error(err)
		}
	}
}

// A server that was not started to crash does not: it closes that connection, and says so.
func TestACrashIsNotObeyedByDefault(t *testing.T) {
	proctest.Tidy(t)
	for _, model := range server.Names {
		s, err := servers.Start(card.Trial{Env: setting(mark())}, model, false)
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Dial()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ask(echo.Request{Crash: echo.Kill}); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: a request to crash: %v", model, err)
		}
		c.Close()
		var u server.Usage
		for range 1000 {
			if u, err = s.Usage(); err != nil || u.Refused == 1 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if u.Refused != 1 || err != nil {
			t.Errorf("%s: %+v, %v", model, u, err)
		}
		if err := s.Close(); err == nil || !strings.HasSuffix(err.Error(), "a connection was closed: a request to crash, which this server does not obey") {
			t.Errorf("%s: %v", model, err)
		}
	}
}
