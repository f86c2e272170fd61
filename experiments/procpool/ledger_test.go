package procpool

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// mortal is a stream that takes some bytes and then kills the worker: a panic
// stands for the end of its process.
type mortal struct {
	arrived []byte
	left    int
}

var errDead = errors.New("dead")

func (m *mortal) Write(p []byte) (int, error) {
	n := min(len(p), m.left)
	m.arrived = append(m.arrived, p[:n]...)
	if m.left -= n; n < len(p) {
		panic(errDead)
	}
	return n, nil
}

// Wherever a worker is killed, what arrived and what its ledger still holds are
// together all replies that it had finished, each once.
func TestNothingFinishedIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stream := &mortal{left: rapid.IntRange(0, 3*bufferSize).Draw(t, "bytes until death")}
		book := new(ledger)
		box := newOutbox(stream, book)
		box.timer = nil // nothing happens by itself
		box.armed = true
		lengths := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(1, bufferSize-frameHead)), 1, 60).Draw(t, "replies")
		var finished []byte
		func() {
			defer func() {
				if p := recover(); p != nil && p != errDead {
					panic(p)
				}
			}()
			for i, length := range lengths {
				reply := bytes.Repeat([]byte{byte(i)}, length)
				_ = box.add(reply)
				finished = append(appendHead(finished, kindOne, length), reply...)
				if i%7 == 6 {
					_ = box.flush()
				}
			}
		}()
		got := append(stream.arrived, book.unsent(uint64(len(stream.arrived)))...)
		if !bytes.Equal(got, finished) {
			t.Fatalf("%d bytes are left of %d", len(got), len(finished))
		}
	})
}

// A ledger that makes no sense gives nothing, and does not panic.
func TestUnsentOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		book := new(ledger)
		written, used, arrived := rapid.Uint64().Draw(t, "written"), rapid.Uint32().Draw(t, "used"), rapid.Uint64().Draw(t, "arrived")
		book.written.Store(written)
		book.used.Store(used)
		unsent := uint64(len(book.unsent(arrived)))
		if want := written + uint64(used) - arrived; unsent != 0 && (unsent != want || used > bufferSize) {
			t.Fatalf("%d bytes, want %d", unsent, want)
		}
	})
}

func TestCallOff(t *testing.T) {
	ours, other := new(job), new(job)
	lots := []lot{
		{job: other, count: 1, seq: 10, frame: 5},
		{job: ours, count: 3, seq: 11, frame: 6},
		{job: other, count: 1, seq: 14, frame: 7},
		{job: ours, count: 1, seq: 15, frame: 8},
	}
	for _, c := range []struct {
		begun   int
		busy    bool
		dies    bool
		skipped string
	}{
		{10, false, false, "[6 8]"}, // the other's is next
		{11, true, false, "[6 8]"},  // and runs
		{11, false, true, "[6 8]"},  // ours is next, and nothing runs
		{12, true, true, "[8]"},
		{12, false, true, "[8]"}, // between two of ours
		{14, true, true, "[8]"},
		{14, false, false, "[8]"}, // ours are over
		{15, true, false, "[8]"},
		{15, false, true, "[8]"},
		{16, true, true, "[]"},
		{16, false, false, "[]"},
	} {
		book := new(ledger)
		book.steps.Store(uint64(2 * c.begun))
		if c.busy {
			book.steps.Add(^uint64(0))
		}
		begun, dies := book.callOff(ours, lots)
		var skipped []int
		for frame := range book.skip {
			if book.skip[frame].Load() != 0 {
				skipped = append(skipped, frame)
			}
		}
		if begun != c.begun || dies != c.dies || fmt.Sprint(skipped) != c.skipped || (book.hold.Load() != 0) != dies {
			t.Errorf("begun %d, busy %v: dies %v, skips %v, hold %d", c.begun, c.busy, dies, skipped, book.hold.Load())
		}
	}
}

// What is running ends, the next begins only when hold is down.
func TestHoldKeepsTheNextFromBeginning(t *testing.T) {
	book := new(ledger)
	book.begin()
	book.hold.Store(1)
	book.end()
	begun := make(chan struct{})
	go func() {
		book.begin()
		close(begun)
	}()
	select {
	case <-begun:
		t.Fatal("it has begun")
	case <-time.After(5 * time.Millisecond):
	}
	book.hold.Store(0)
	<-begun
	if n, busy := book.begun(); n != 2 || !busy {
		t.Errorf("%d have begun, busy %v", n, busy)
	}
}
