package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parcon/experiments/procpool"
	"parcon/runner/proc/proctest"
)

// Every way to hand requests in, from many goroutines at once: each gets its own
// answers.
func TestManySubmitters(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		const submitters, n = 8, 60
		p, notes := noting(t, connection, procpool.Options{Workers: 3})
		var callbacks atomic.Int32
		var all sync.WaitGroup
		for g := range submitters {
			all.Go(func() {
				request := func(kind string, i int) string { return fmt.Sprintf("e%s/%d/%d", kind, g, i) }
				var futures []*procpool.Future
				for i := range n {
					want := request("submit", i)
					futures = append(futures, p.Submit(context.Background(), []byte(want), func(answer []byte, err error) {
						callbacks.Add(1)
						if string(answer) != want || err != nil {
							t.Errorf("callback of %s: %q, %v", want, answer, err)
						}
					}))
				}
				for i := range n / 4 {
					want := request("do", i)
					if answer, err := p.Do(context.Background(), []byte(want)); err != nil || string(answer) != want {
						t.Errorf("%s: %q, %v", want, answer, err)
					}
				}
				err := p.MapChunks(context.Background(), n, 1+g, func(i int, buf []byte) []byte {
					return append(buf, request("map", i)...)
				}, func(i int, answer []byte) error {
					if string(answer) != request("map", i) {
						return fmt.Errorf("%s: %q", request("map", i), answer)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				if _, err := p.Each([]byte("eeach")); err != nil {
					t.Error(err)
				}
				for i, f := range futures {
					if answer, err := f.Wait(context.Background()); err != nil || string(answer) != request("submit", i) {
						t.Errorf("%s: %q, %v", request("submit", i), answer, err)
					}
				}
			})
		}
		all.Wait()
		closed(t, p)
		if got := callbacks.Load(); got != submitters*n {
			t.Errorf("%d callbacks of %d", got, submitters*n)
		}
		if got := notes.runs()["eeach"]; got != submitters*3 {
			t.Errorf("%d workers were asked by Each", got)
		}
		if requests, processes := notes.mostAtOnce(nil); requests > 3 || processes > 3 {
			t.Errorf("a pool of 3 ran %d requests at once, with %d processes", requests, processes)
		}
	})
}

func TestMapInChunksOfAnySize(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 2})
		total := 0
		for _, c := range []struct{ n, chunk int }{{1, 1}, {1, 5}, {10, 3}, {100, 7}, {100, 100}, {100, 1000}, {50, 0}, {50, -3}, {3, 2}, {0, 4}} {
			var answered sync.Map
			var count atomic.Int32
			err := p.MapChunks(context.Background(), c.n, c.chunk, func(i int, buf []byte) []byte {
				return fmt.Appendf(buf, "e%v %d", c, i)
			}, func(i int, answer []byte) error {
				count.Add(1)
				if _, twice := answered.LoadOrStore(i, true); twice || string(answer) != fmt.Sprintf("e%v %d", c, i) {
					return fmt.Errorf("request %d: %q, again: %v", i, answer, twice)
				}
				return nil
			})
			if err != nil || int(count.Load()) != c.n {
				t.Errorf("%d in chunks of %d: %d answers, %v", c.n, c.chunk, count.Load(), err)
			}
			total += c.n
		}
		closed(t, p)
		checkRuns(t, notes, total)
	})
}

// Chunks are longer than what may be sent ahead, and than a pipe.
func TestLongChunks(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(2)
		defer closed(t, p)
		for _, size := range []int{0, 100, 5000, 100_000} {
			err := p.MapChunks(context.Background(), 100, 20, func(i int, buf []byte) []byte {
				return append(buf, payload(i, size)...)
			}, func(i int, answer []byte) error {
				if string(answer) != string(payload(i, size)) {
					return fmt.Errorf("request %d came back changed", i)
				}
				return nil
			})
			if err != nil {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
	})
}

// The handler's error is that of its request alone, also in a chunk: the worker
// goes on with the next.
func TestAnErrorInAChunk(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 1})
		err := p.MapChunks(context.Background(), 10, 10, func(i int, buf []byte) []byte {
			if i == 3 {
				return append(buf, "fno paper"...)
			}
			return fmt.Appendf(buf, "e%d", i)
		}, func(i int, _ []byte) error {
			if i > 3 {
				t.Errorf("request %d was answered after the failure", i)
			}
			return nil
		})
		if err == nil || err.Error() != "no paper" {
			t.Errorf("error %v", err)
		}
		closed(t, p)
		checkRuns(t, notes, 10)
	})
}

func TestARequestThatIsTooLong(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(1)
		defer closed(t, p)
		long := make([]byte, 1<<26)
		long[0] = echo
		if _, err := p.Do(context.Background(), long); err == nil || !strings.Contains(err.Error(), "67108864 bytes") {
			t.Errorf("error %v", err)
		}
		err := p.Map(3, func(i int, buf []byte) []byte {
			if i == 1 {
				return long
			}
			return append(buf, echo)
		}, func(int, []byte) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "request 1 of 67108864 bytes") {
			t.Errorf("error %v", err)
		}
		if answer, err := p.Do(context.Background(), []byte("enext")); err != nil || string(answer) != "enext" {
			t.Errorf("afterwards: %q, %v", answer, err)
		}
	})
}

// A callback runs before Done is closed, and may submit more.
func TestACallbackSubmitsMore(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(1)
		defer closed(t, p)
		second := make(chan *procpool.Future, 1)
		first := p.Submit(context.Background(), []byte("efirst"), func(answer []byte, _ error) {
			second <- p.Submit(context.Background(), append([]byte("e"), answer...), nil)
		})
		<-first.Done()
		if answer, err := (<-second).Wait(context.Background()); err != nil || string(answer) != "eefirst" {
			t.Errorf("%q, %v", answer, err)
		}
	})
}

// A wait that is given up leaves the request alone.
func TestWaitGivesUpWaitingOnly(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 1})
		defer closed(t, p)
		gate := filepath.Join(t.TempDir(), "gate")
		f := p.Submit(context.Background(), []byte(string(slow)+gate), nil)
		notes.waitUntilBegun(string(slow) + gate)
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := f.Wait(ended); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		open(t, gate)
		if answer, err := f.Wait(ended); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%q, %v", answer, err)
		}
		if answer, err := f.Wait(context.Background()); err != nil || string(answer) != string(slow)+gate {
			t.Errorf("%q, %v", answer, err)
		}
	})
}

func open(t *testing.T, gate string) {
	t.Helper()
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A request that hangs is ended with its worker. Its caller waits no longer; the
// ones behind it are answered by others, and none runs twice.
func TestCancelOfARequestThatRuns(t *testing.T) {
	for _, way := range []string{"do", "submit", "map"} {
		t.Run(way, func(t *testing.T) {
			connections(t, func(t *testing.T, connection string) {
				p, notes := noting(t, connection, procpool.Options{Workers: 2, Window: window()})
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				ended := make(chan error, 2)
				switch way {
				case "do":
					go func() {
						_, err := p.Do(ctx, []byte{hang})
						ended <- err
					}()
				case "submit":
					p.Submit(ctx, []byte{hang}, func(_ []byte, err error) { ended <- err })
				case "map":
					go func() {
						ended <- p.MapChunks(ctx, 100, 4, func(i int, buf []byte) []byte {
							if i == 0 {
								return append(buf, hang)
							}
							return fmt.Appendf(buf, "emap%d", i)
						}, func(int, []byte) error { return nil })
					}()
				}
				notes.waitUntilBegun(string(hang))
				var futures []*procpool.Future
				for i := range 50 {
					futures = append(futures, p.Submit(context.Background(), fmt.Append(nil, "e", i), nil))
				}
				cancel()
				if err := <-ended; !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
				for i, f := range futures {
					if answer, err := f.Wait(context.Background()); err != nil || string(answer) != fmt.Sprint("e", i) {
						t.Errorf("request %d: %q, %v", i, answer, err)
					}
				}
				closed(t, p)
				for request, times := range notes.runs() {
					if times != 1 {
						t.Errorf("request %q ran %d times", request, times)
					}
				}
				if _, processes := notes.mostAtOnce(nil); processes > 2 {
					t.Errorf("%d processes at once", processes)
				}
				select {
				case err := <-ended:
					t.Errorf("it ended twice, with %v", err)
				default:
				}
			})
		})
	}
}

// A request that waits is taken out, also when it was sent ahead to a worker
// that runs another; that one goes on unharmed.
func TestCancelOfARequestThatWaits(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("without shared memory a worker is killed for what was sent ahead to it")
	}
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 1})
		gate := filepath.Join(t.TempDir(), "gate")
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		// All are there before the worker takes the first: so several are sent.
		stop := p.Submit(context.Background(), []byte(string(slow)+gate+"0"), nil)
		notes.waitUntilBegun(string(slow) + gate + "0")
		running := p.Submit(context.Background(), []byte(string(slow)+gate), nil)
		var waiting []*procpool.Future
		var settled atomic.Int32
		for i := range 40 {
			waiting = append(waiting, p.Submit(ctx, fmt.Append(nil, "ewaits", i), func([]byte, error) { settled.Add(1) }))
		}
		mapped := make(chan error, 1)
		go func() {
			mapped <- p.MapChunks(ctx, 10, 4, func(i int, buf []byte) []byte { return fmt.Append(buf, "emap", i) }, func(i int, _ []byte) error {
				t.Errorf("request %d of the Map was answered", i)
				return nil
			})
		}()
		last := p.Submit(context.Background(), []byte("elast"), nil)
		open(t, gate+"0")
		begun := notes.waitUntilBegun(string(slow) + gate)
		cancel()
		for i, f := range waiting {
			if _, err := f.Wait(context.Background()); !errors.Is(err, context.Canceled) {
				t.Errorf("request %d: error %v", i, err)
			}
		}
		if err := <-mapped; !errors.Is(err, context.Canceled) {
			t.Errorf("Map: error %v", err)
		}
		open(t, gate)
		for _, f := range []*procpool.Future{stop, running, last} {
			if _, err := f.Wait(context.Background()); err != nil {
				t.Error(err)
			}
		}
		if answers, err := p.Each([]byte{pid}); err != nil || string(answers[0]) != fmt.Sprint(begun.pid) {
			t.Errorf("worker %d is now %s, %v", begun.pid, answers, err)
		}
		// The marks of what was skipped do not hit later requests.
		answered := 0
		err := p.Map(3000, func(i int, buf []byte) []byte { return fmt.Append(buf, "elate", i) }, func(int, []byte) error { answered++; return nil })
		if err != nil || answered != 3000 {
			t.Errorf("afterwards: %d answers, %v", answered, err)
		}
		closed(t, p)
		checkRuns(t, notes, 3004) // stop, running, last, Each's, and these
		if got := settled.Load(); got != 40 {
			t.Errorf("%d callbacks", got)
		}
	})
}

// An answer does not wait for the task behind it, however long that takes.
func TestAFinishedAnswerGoesOutWhileTheNextHangs(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 1})
		gate := filepath.Join(t.TempDir(), "gate")
		p.Submit(context.Background(), []byte(string(slow)+gate), nil)
		notes.waitUntilBegun(string(slow) + gate)
		done := p.Submit(context.Background(), []byte("edone"), nil)
		for range 20 { // so many are sent ahead together
			p.Submit(context.Background(), []byte{hang}, nil)
		}
		open(t, gate)
		if answer, err := done.Wait(context.Background()); err != nil || string(answer) != "edone" {
			t.Errorf("%q, %v", answer, err)
		}
		p.Terminate()
		if err := p.Join(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// Nothing of the caller's runs any more when a Map that was called off returns.
func TestMapWaitsForReply(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(int) *procpool.Pool) {
		p := start(2)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var inside atomic.Int32
		err := p.MapChunks(ctx, 1000, 1, func(_ int, buf []byte) []byte { return append(buf, echo) }, func(int, []byte) error {
			inside.Add(1)
			defer inside.Add(-1)
			cancel()
			time.Sleep(5 * time.Millisecond) // in which Map would return
			return nil
		})
		if inside.Load() != 0 {
			t.Error("a reply is being taken when Map has returned")
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		closed(t, p)
	})
}

func TestAContextThatHasEnded(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 1})
		ctx, cancel := context.WithTimeout(context.Background(), -1)
		defer cancel()
		if _, err := p.Do(ctx, []byte{echo}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Do: %v", err)
		}
		if _, err := p.Submit(ctx, []byte{echo}, nil).Wait(context.Background()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Submit: %v", err)
		}
		if err := p.MapChunks(ctx, 3, 1, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Map: %v", err)
		}
		closed(t, p)
		checkRuns(t, notes, 0)
	})
}

// Contexts end at any moment: each request is settled once, with an answer or
// with its context's error, and none runs twice.
func TestCancelAtAnyMoment(t *testing.T) {
	connections(t, func(t *testing.T, connection string) {
		p, notes := noting(t, connection, procpool.Options{Workers: 2, Window: window()})
		const n = 300
		var callbacks [n]atomic.Int32
		var futures [n]*procpool.Future
		var cancels sync.WaitGroup
		for i := range n {
			ctx := context.Background()
			if i%10 == 7 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithCancel(ctx)
				cancels.Go(func() {
					time.Sleep(time.Duration(i*37%900) * time.Microsecond)
					cancel()
				})
			}
			futures[i] = p.Submit(ctx, fmt.Append(nil, "e", i), func([]byte, error) { callbacks[i].Add(1) })
		}
		for i, f := range futures {
			answer, err := f.Wait(context.Background())
			if err == nil && string(answer) != fmt.Sprint("e", i) || err != nil && (i%10 != 7 || !errors.Is(err, context.Canceled)) {
				t.Errorf("request %d: %q, %v", i, answer, err)
			}
			if got := callbacks[i].Load(); got != 1 {
				t.Errorf("request %d: %d callbacks", i, got)
			}
		}
		cancels.Wait()
		closed(t, p)
		for request, times := range notes.runs() {
			if times != 1 {
				t.Errorf("request %q ran %d times", request, times)
			}
		}
	})
}

// A worker that reads nothing is ended too when its caller waits no longer.
func TestCancelOfADeafWorker(t *testing.T) {
	proctest.Tidy(t)
	p, err := procpool.Start(self(t, "deaf"), procpool.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 { // more often than a pool gives up after: these deaths are the callers' will
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		if _, err := p.Do(ctx, []byte{echo}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		cancel()
	}
	p.Terminate()
	if err := p.Join(context.Background()); err != nil {
		t.Error(err)
	}
}
