//go:build unix

package procpool_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
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
	})
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
