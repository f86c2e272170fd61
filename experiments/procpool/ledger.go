package procpool

import (
	"sync/atomic"
	"time"
)

// A ledger is what a worker notes while it works, in memory that it shares with
// the pool where the system allows that. It outlives the worker: when that is
// killed in the middle, the pool reads in it which requests had begun and which
// answers were finished but had not gone out yet. Notes cost no system call.
//
// The pool writes in it too: hold and skip, to call requests off.
type ledger struct {
	// steps goes up by one when a request begins and when it ends: an odd
	// number means that one is running.
	steps atomic.Uint64
	_     [56]byte // what one side writes has cache lines of its own
	hold  atomic.Uint32
	_     [60]byte
	outboxNotes
	_    [48]byte
	skip [maxFrames]atomic.Uint32 // by the frame's number: do not run it
	data [bufferSize]byte         // the outbox
}

// outboxNotes say what of the stream of replies lies in data.
type outboxNotes struct {
	written atomic.Uint64 // bytes handed to the transport before those in data
	used    atomic.Uint32 // bytes in data
}

// maxFrames is more than the number of frames that can be under way to one
// worker: maxAhead bytes of heads, and one.
const maxFrames = 2048

// begin notes that the next request begins, unless the pool says to wait. The
// note comes first, then the look at hold; the pool raises hold first and then
// looks at the note: so one of them sees the other.
func (l *ledger) begin() {
	for {
		l.steps.Add(1)
		if l.hold.Load() == 0 {
			return
		}
		l.steps.Add(^uint64(0))
		for l.hold.Load() != 0 {
			time.Sleep(20 * time.Microsecond)
		}
	}
}

func (l *ledger) end() { l.steps.Add(1) }

// begun is how many requests the worker has begun, and whether the last of
// them is running.
func (l *ledger) begun() (int, bool) {
	steps := l.steps.Load()
	return int((steps + 1) / 2), steps%2 == 1
}

// unsent is what a worker that is gone has finished and not sent, when so many
// bytes of its replies have arrived.
func (l *ledger) unsent(arrived uint64) []byte {
	written, used := l.written.Load(), uint64(l.used.Load())
	if used > bufferSize || arrived < written || arrived >= written+used {
		return nil
	}
	return append([]byte(nil), l.data[arrived-written:used]...)
}

// callOff tells the worker to skip the lots of a job that it has not begun. It
// returns how many it has begun, and whether the worker must die for the job: it
// runs one of its requests, or it runs nothing, has one of them next and may
// never begin (it hangs). It begins no other between that answer and its death,
// because hold stays up then; a note of one is one that it was about to undo.
func (l *ledger) callOff(j *job, lots []lot) (begun int, dies bool) {
	l.hold.Store(1)
	begun, busy := l.begun()
	for i := range lots {
		lot := &lots[i]
		if lot.job != j {
			continue
		}
		end := lot.end()
		switch {
		case begun <= lot.seq:
			l.skip[lot.frame%maxFrames].Store(1)
			dies = dies || begun == lot.seq && !busy
		case begun < end || begun == end && busy:
			dies = true
		}
	}
	if !dies {
		l.hold.Store(0)
	}
	return begun, dies
}

// clear makes sure that a frame's number does not bear a mark of an earlier one.
func (l *ledger) clear(frame int) {
	if mark := &l.skip[frame%maxFrames]; mark.Load() != 0 {
		mark.Store(0)
	}
}
