//go:build unix

package procpool_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parcon/experiments/procpool"
	"parcon/runner/proc/proctest"
)

// What users' code does to a pool, and what the pool must still do then: answer the
// next request, and close.
func TestAPoolOutlivesItsUsersCode(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(workers int) *procpool.Pool) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for name, do := range map[string]func(p *procpool.Pool){
			"a handler prints": func(p *procpool.Pool) {
				if answer, err := p.Do(ctx, []byte{printer}); err != nil || string(answer) != string(printer) {
					t.Errorf("%q, %v", answer, err)
				}
			},
			"a callback ends its goroutine": func(p *procpool.Pool) {
				f := p.Submit(ctx, []byte{echo}, func([]byte, error) { runtime.Goexit() })
				if _, err := f.Wait(ctx); err != nil {
					t.Error(err)
				}
			},
			"threads end": func(p *procpool.Pool) {
				for range 4 {
					go runtime.LockOSThread()
				}
			},
			"a handler leaves a process that holds standard error": func(p *procpool.Pool) {
				if _, err := p.Do(ctx, []byte{helper}); err != nil {
					t.Error(err)
				}
			},
		} {
			outlives(t, ctx, name, start, do)
		}
	})
}

// Functions of the user's that end their goroutine, as t.FailNow does.
func TestAPoolOutlivesGoexit(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(workers int) *procpool.Pool) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for name, do := range map[string]func(p *procpool.Pool){
			"a handler ends its goroutine": func(p *procpool.Pool) {
				for range 2 {
					if answer, err := p.Do(ctx, []byte{quit}); err == nil || !strings.Contains(err.Error(), "Goexit") {
						t.Errorf("%q, %v", answer, err)
					}
				}
				before := do(t, p, pid)
				if after := do(t, p, pid); after != before {
					t.Errorf("worker %s was replaced by %s", before, after)
				}
			},
			"a handler ends its goroutine amid a chunk": func(p *procpool.Pool) {
				var answered atomic.Int32
				err := p.MapChunks(ctx, 4, 4, func(i int, buf []byte) []byte {
					return append(buf, []byte{echo, quit, echo, echo}[i])
				}, func(int, []byte) error {
					answered.Add(1)
					return nil
				})
				if err == nil || !strings.Contains(err.Error(), "Goexit") || answered.Load() > 3 {
					t.Errorf("%d answers, %v", answered.Load(), err)
				}
			},
			"a request of a Map ends its goroutine": func(p *procpool.Pool) {
				if err := p.Map(3, func(int, []byte) []byte { runtime.Goexit(); return nil }, func(int, []byte) error { return nil }); err == nil || !strings.Contains(err.Error(), "Goexit") {
					t.Error(err)
				}
			},
			"a reply of a Map ends its goroutine": func(p *procpool.Pool) {
				if err := p.Map(100, func(_ int, buf []byte) []byte { return append(buf, echo) }, func(i int, _ []byte) error {
					if i == 50 {
						runtime.Goexit()
					}
					return nil
				}); err == nil || !strings.Contains(err.Error(), "Goexit") {
					t.Error(err)
				}
			},
		} {
			outlives(t, ctx, name, start, do)
		}
	})
}

// outlives does something to a pool, asks it for an echo and closes it.
func outlives(t *testing.T, ctx context.Context, name string, start func(workers int) *procpool.Pool, do func(p *procpool.Pool)) {
	t.Helper()
	made := make(chan *procpool.Pool)
	go func() { made <- start(1) }()
	p := <-made
	do(p)
	if answer, err := p.Do(ctx, []byte{echo}); err != nil || string(answer) != string(echo) {
		t.Errorf("%s: then %q, %v", name, answer, err)
	}
	closed := make(chan error)
	go func() { closed <- p.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	case <-time.After(10 * time.Second): // the process that was left lives for 20 s
		t.Fatalf("%s: close waits", name)
	}
}

func do(t *testing.T, p *procpool.Pool, what byte) string {
	t.Helper()
	answer, err := p.Do(t.Context(), []byte{what})
	if err != nil {
		t.Errorf("%c: %v", what, err)
	}
	return string(answer)
}

// A worker that died is replaced by the same program, wherever its pool's process has
// gone since.
func TestARelativeProgramIsFoundAgain(t *testing.T) {
	proctest.Tidy(t)
	argv := self(t, "pipes")
	t.Chdir(filepath.Dir(argv[0]))
	argv[0] = "./" + filepath.Base(argv[0])
	p, err := procpool.Start(argv, procpool.Options{Workers: 1, Env: []string{proctest.QuickExit}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chdir("/"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Do(t.Context(), []byte{exit}); err == nil {
		t.Error("a dead worker answered")
	}
	if answer, err := p.Do(t.Context(), []byte{echo}); err != nil || string(answer) != string(echo) {
		t.Errorf("%q, %v", answer, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
