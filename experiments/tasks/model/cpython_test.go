package model_test

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"parcon/experiments/cpython"
	"parcon/experiments/tasks/model"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/tasks/workload/web"
	"parcon/runner/proc/proctest"
)

var found = sync.OnceValues(cpython.Find)

// parameters are those of tiny tasks of a workload, and where its servers are.
func parameters(t *testing.T, name string) workload.Params {
	t.Helper()
	p := workload.Params{Name: name, Size: 3, Share: 50, Delay: 1_000_000, Dir: t.TempDir()}
	if name != "network" && name != "http" {
		return p
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if name == "network" {
		go func() { _ = web.ServeDelays(l) }()
	} else {
		server := &http.Server{Handler: web.Handler()}
		go func() { _ = server.Serve(l) }()
	}
	p.Addr = l.Addr().String()
	return p
}

// answers are Go's, for each seed.
func answers(t *testing.T, p workload.Params) []uint64 {
	t.Helper()
	w, err := workload.Find(slices.Concat(workload.All, web.All), p.Name)
	if err != nil {
		t.Fatal(err)
	}
	task, err := w.New(p)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]uint64, workload.Seeds)
	for seed := range all {
		if all[seed], err = task(uint64(seed)); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// Tasks in Python have the answers of those in Go, under every model and twice in a row.
func TestPythonHasTheSameAnswers(t *testing.T) {
	python, err := found()
	if err != nil {
		t.Skip(err)
	}
	for _, name := range cpython.CrewWorkloads {
		p := parameters(t, name)
		want := answers(t, p)
		for _, m := range model.All {
			if !m.Python || m.Name == "cpython-subinterpreter" && !python.Name().AtLeast(3, 12) {
				continue
			}
			t.Run(name+"/"+m.Name, func(t *testing.T) {
				proctest.Tidy(t)
				got := map[int]uint64{}
				crew := start(t, m, 3, model.Job{
					Python: python, Worker: model.WorkerCommand{Params: p.Args()},
					Report: func(task int, answer uint64, from, to int64) error {
						if _, twice := got[task]; twice || from <= 0 || to < from {
							t.Errorf("task %d twice, or it ran from %d to %d", task, from, to)
						}
						got[task] = answer
						return nil
					},
				})
				defer closed(t, crew)
				for _, n := range []int{2, 0, 9} {
					clear(got)
					if err := crew.Run(n); err != nil {
						t.Fatal(err)
					}
					if err := crew.(model.Collector).Collect(); err != nil || len(got) != n {
						t.Fatalf("%d answers of %d: %v", len(got), n, err)
					}
					for task, answer := range got {
						if answer != want[workload.Seed(task)] {
							t.Errorf("task %d answered %d, want %d", task, answer, want[workload.Seed(task)])
						}
					}
				}
				if u, err := crew.Usage(); err != nil || u.CPU() <= 0 || u.PeakRSS <= 0 {
					t.Errorf("usage %+v, %v", u, err)
				}
			})
		}
	}
}

// What goes wrong in Python is one line, and nothing is left.
func TestPythonSaysWhatWentWrong(t *testing.T) {
	python, err := found()
	if err != nil {
		t.Skip(err)
	}
	for _, m := range model.All {
		if !m.Python || m.Name == "cpython-subinterpreter" {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			proctest.Tidy(t)
			p := parameters(t, "file")
			p.Dir += "/nowhere"
			crew, err := m.Start(2, model.Job{Python: python, Worker: model.WorkerCommand{Params: p.Args()}})
			if err == nil {
				err = crew.Run(3)
				_ = crew.Close()
			}
			if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), fmt.Sprintf("working on tasks of file by %s", strings.TrimPrefix(m.Name, "cpython-"))) {
				t.Errorf("error %v", err)
			}
		})
	}
}
