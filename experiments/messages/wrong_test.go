package messages

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/lcg"
	"parcon/runner/protocol"
)

func TestLeapIsCompute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, steps := rapid.Uint64().Draw(t, "x"), rapid.IntRange(0, 3_000).Draw(t, "steps")
		if got, want := lcg.Leap(x, steps), lcg.Steps(x, steps); got != want {
			t.Errorf("%d steps from %d: %d, want %d", steps, x, got, want)
		}
	})
}

func TestAWrongSumIsFound(t *testing.T) {
	a := pace{1, 2, short}.assembly()
	if err := a.check(3, a.inTurn(3)); err != nil {
		t.Error(err)
	}
	if err := a.check(3, a.inTurn(2)); err == nil {
		t.Error("two answers went for three")
	}
}

// made is a queue with these numbers, closed.
func made(t *testing.T, numbers ...uint64) *ipc.Queue {
	t.Helper()
	needs(t, "")
	q, err := ipc.NewQueue(16, numberSize)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Free() })
	for _, n := range numbers {
		err = errors.Join(err, q.TryPut(message(n)))
	}
	if err := errors.Join(err, q.Close()); err != nil {
		t.Fatal(err)
	}
	return q
}

func TestWhatIsLostOrTwiceIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		numbers     []uint64
		right, came int
	}{
		"all":      {[]uint64{0, 1, 2, 3}, 4, 4},
		"lost":     {[]uint64{0, 1, 3}, 3, 3},
		"twice":    {[]uint64{0, 1, 1, 2, 3}, 4, 5},
		"exchange": {[]uint64{0, 2, 1, 3}, 3, 4},
		"none":     {nil, 0, 0},
	} {
		var l ledger
		right, came, err := takeAll(made(t, c.numbers...), &l)
		if right != c.right || came != c.came || err != nil {
			t.Errorf("%s: %d right of %d, %v, want %d of %d", name, right, came, err, c.right, c.came)
		}
		if got := l.taken.Load(); got != int64(c.came)+1 { // the last one finds the end
			t.Errorf("%s: %d counted as taken of %d", name, got, c.came)
		}
	}
}

// A pipe is at its end when its write end is closed, and not before; what comes in place
// of the end is an error.
func TestTheEndOfAPipe(t *testing.T) {
	needs(t, "")
	pipe := func() conduit {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conduit{read, write}.close() })
		return conduit{read, write}
	}
	c := pipe()
	if ended, err := c.atEnd(time.Millisecond); ended || err != nil {
		t.Errorf("open: %v, %v", ended, err)
	}
	if err := c.write.Close(); err != nil {
		t.Error(err)
	}
	if ended, err := c.atEnd(patience); !ended || err != nil {
		t.Errorf("closed: %v, %v", ended, err)
	}
	if err := c.gift(); err == nil {
		t.Error("a byte was read from a pipe that had none")
	}
	c = pipe()
	if _, err := c.write.WriteString("yx"); err != nil {
		t.Fatal(err)
	}
	if err := c.gift(); err == nil || !strings.Contains(err.Error(), "want") {
		t.Errorf("another byte was taken: %v", err)
	}
	if ended, err := c.atEnd(patience); ended || err == nil {
		t.Errorf("a byte in place of the end: %v, %v", ended, err)
	}
}

// toBeAsked is a queue as it is before so many processes ask it something.
func toBeAsked(t *testing.T, asked string, processes int) *ipc.Queue {
	t.Helper()
	q, err := ipc.NewQueue(roomFor(asked, processes), numberSize)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Free() })
	if asked == "empty" {
		if err := q.TryPut(message(0)); err != nil {
			t.Fatal(err)
		}
	}
	return q
}

// A queue that one process uses is as it was after it was asked, and told the truth.
func TestAskingLeavesTheQueueAsItWas(t *testing.T) {
	needs(t, "")
	for _, asked := range questions {
		q := toBeAsked(t, asked, 1)
		before := q.Len()
		for _, times := range []int{1, 2} {
			n, wrong, err := asking[asked](q, times)
			if n < 1 || n > times || wrong != 0 || err != nil || q.Len() != before {
				t.Errorf("%s: asked %d times, %d wrong, %v, then %d messages, before %d", asked, n, wrong, err, q.Len(), before)
			}
		}
	}
}

// What others do meanwhile makes answers wrong, and is counted.
func TestWrongAnswersAreCounted(t *testing.T) {
	needs(t, "")
	for _, asked := range questions {
		q := toBeAsked(t, asked, 2)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				for ctx.Err() == nil {
					if _, wrong, err := asking[asked](q, 2); wrong > 0 || err != nil {
						cancel()
						if err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		all.Wait()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Errorf("%s: no wrong answer in %v", asked, patience)
		}
		cancel()
	}
}

// A state that misses an operation, or has one twice, does not pass.
func TestAWrongStateIsFound(t *testing.T) {
	for _, more := range []int{-1, 0, 1} {
		w, err := openMutex(card.Trial{}, 2, 10)
		if err != nil {
			t.Fatal(err)
		}
		right := w.round
		w.round = func(workers, n int) error { return right(workers, n+more) }
		if _, err := w.scale(2, 5, 10); (err == nil) != (more == 0) {
			t.Errorf("%d operations more: %v", more, err)
		}
	}
}

func TestRequests(t *testing.T) {
	for _, r := range []request{{}, {true, 2, 1 << 63}, {false, 1, 0}} {
		if got, err := requestIn(r.message(), 3); got != r || err != nil {
			t.Errorf("%v became %v, %v", r, got, err)
		}
	}
	short, odd := request{}.message()[:requestSize-1], request{}.message()
	odd[0] = 2
	for _, m := range [][]byte{nil, short, odd, request{index: 3}.message()} {
		if got, err := requestIn(m, 3); err == nil {
			t.Errorf("% x was taken for %v", m, got)
		}
	}
}

// A manager keeps its numbers apart; a client that asks what there is not is let go.
func TestAManagerServes(t *testing.T) {
	needs(t, "")
	ours, theirs, err := ipc.NewPipe()
	if err != nil {
		t.Fatal(err)
	}
	m := &managed{numbers: make([]uint64, 2)}
	served := make(chan struct{})
	go func() { m.serve(theirs); close(served) }()
	c := client{ours}
	defer c.Close()
	if err := errors.Join(c.write(0, 7), c.write(1, 8)); err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint64{7, 8} {
		if got, err := c.read(i); got != want || err != nil {
			t.Errorf("number %d is %d, %v, want %d", i, got, err, want)
		}
	}
	if got, err := c.read(2); err == nil {
		t.Errorf("a number that there is not is %d", got)
	}
	<-served
}

func TestBatchesAddUp(t *testing.T) {
	var sizes []int
	m, err := batches(2*card.Tries+1, func(tries int) (protocol.Measurement, error) {
		sizes = append(sizes, tries)
		return protocol.Measurement{"n": float64(tries)}, nil
	})
	if err != nil || m["n"] != 2*card.Tries+1 || len(sizes) != 3 || sizes[2] != 1 {
		t.Errorf("%v, %v in %v", m, err, sizes)
	}
	broken := errors.New("broken")
	if _, err := batches(1, func(int) (protocol.Measurement, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}
