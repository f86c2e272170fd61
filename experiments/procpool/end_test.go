package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parcon/experiments/procpool"
)

func TestFinishRunsWhatIsThere(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 2})
		if err := p.Join(context.Background()); err == nil || !strings.Contains(err.Error(), "call Finish") {
			t.Errorf("Join before Finish: %v", err)
		}
		var futures []*procpool.Future
		for i := range 50 {
			futures = append(futures, p.Submit(context.Background(), fmt.Append(nil, "e", i), nil))
		}
		p.Finish()
		p.Finish()
		if _, err := p.Do(context.Background(), []byte{echo}); err != procpool.ErrClosed {
			t.Errorf("Do: %v", err)
		}
		if _, err := p.Submit(context.Background(), []byte{echo}, nil).Wait(context.Background()); err != procpool.ErrClosed {
			t.Errorf("Submit: %v", err)
		}
		if err := p.Map(1, nil, nil); err != procpool.ErrClosed {
			t.Errorf("Map: %v", err)
		}
		if _, err := p.Each([]byte{echo}); err != procpool.ErrClosed {
			t.Errorf("Each: %v", err)
		}
		if err := p.Join(context.Background()); err != nil {
			t.Error(err)
		}
		for i, f := range futures {
			select {
			case <-f.Done():
			default:
				t.Fatalf("request %d is not settled when all workers are gone", i)
			}
			if answer, err := f.Wait(context.Background()); err != nil || string(answer) != fmt.Sprint("e", i) {
				t.Errorf("request %d: %q, %v", i, answer, err)
			}
		}
		checkRuns(t, notes, 50)
	})
}

// A join with a time-out gives up waiting, not the workers.
func TestJoinGivesUpWaitingOnly(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 2})
		gate := filepath.Join(t.TempDir(), "gate")
		f := p.Submit(context.Background(), []byte(string(slow)+gate), nil)
		notes.waitUntilBegun(string(slow) + gate)
		p.Finish()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		err := p.Join(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "of 2 workers") {
			t.Errorf("error %v", err)
		}
		open(t, gate)
		if err := p.Join(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := f.Wait(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// Whatever runs, waits or was sent ahead fails, and the workers are gone.
func TestTerminate(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 2})
		first := p.Submit(context.Background(), []byte("efirst"), nil)
		if _, err := first.Wait(context.Background()); err != nil {
			t.Error(err)
		}
		calls := make(chan error, 100)
		for range 50 {
			p.Submit(context.Background(), []byte{hang}, func(_ []byte, err error) { calls <- err })
		}
		notes.waitForBegun(string(hang), 2)
		mapped := make(chan error, 1)
		go func() {
			mapped <- p.MapChunks(context.Background(), 100, 3, func(_ int, buf []byte) []byte { return append(buf, hang) }, nil)
		}()
		each := make(chan error, 1)
		go func() {
			_, err := p.Each([]byte{pid})
			each <- err
		}()
		p.Terminate()
		for range 50 {
			if err := <-calls; !errors.Is(err, procpool.ErrTerminated) {
				t.Errorf("error %v", err)
			}
		}
		if err := <-mapped; !errors.Is(err, procpool.ErrTerminated) {
			t.Errorf("Map: %v", err)
		}
		if err := <-each; !errors.Is(err, procpool.ErrTerminated) {
			t.Errorf("Each: %v", err)
		}
		if err := p.Join(context.Background()); err != nil {
			t.Error(err)
		}
		p.Terminate()
		if _, err := p.Do(context.Background(), []byte{echo}); !errors.Is(err, procpool.ErrTerminated) {
			t.Errorf("afterwards: %v", err)
		}
		if answer, err := first.Wait(context.Background()); err != nil || string(answer) != "efirst" {
			t.Errorf("what was answered: %q, %v", answer, err)
		}
		select {
		case err := <-calls:
			t.Errorf("a callback was called twice: %v", err)
		default:
		}
	})
}

// At any moment, also while workers start and end.
func TestTerminateAtAnyMoment(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		for i := range 8 {
			p, notes := noting(t, connection, procpool.Options{Workers: 2})
			var futures []*procpool.Future
			for k := range 40 {
				request := fmt.Append(nil, "e", k)
				if k%5 == 2 {
					request = []byte{exit}
				}
				futures = append(futures, p.Submit(context.Background(), request, nil))
			}
			time.Sleep(time.Duration(i) * time.Millisecond)
			if i%2 == 0 {
				p.Finish()
			}
			p.Terminate()
			for k, f := range futures {
				answer, err := f.Wait(context.Background())
				var death *procpool.DeathError
				if err == nil && string(answer) != fmt.Sprint("e", k) || err != nil && !errors.Is(err, procpool.ErrTerminated) && !errors.As(err, &death) {
					t.Errorf("request %d: %q, %v", k, answer, err)
				}
			}
			if err := p.Join(context.Background()); err != nil && !strings.Contains(err.Error(), "killed") {
				t.Error(err)
			}
			for request, times := range notes.runs() {
				if times != 1 && request[0] == echo {
					t.Errorf("request %q ran %d times", request, times)
				}
			}
		}
	})
}
