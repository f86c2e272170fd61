package procpool

import (
	"io"
	"sync"
	"time"
)

// An outbox holds a worker's replies back while there are more requests at
// hand, because waking the parent costs far more than a short task. It keeps
// them in the ledger, so that they are not lost with the process. None is held
// for longer than maxHold, also while a long task runs.
type outbox struct {
	mu      sync.Mutex
	to      io.Writer
	book    *ledger
	flushed time.Time
	timer   *time.Timer
	armed   bool
	failed  error
}

const (
	bufferSize = 64 << 10
	worthAWake = 100 * time.Microsecond // work in hand beside which waking the parent is cheap
	maxHold    = 10 * time.Millisecond
)

func newOutbox(to io.Writer, book *ledger) *outbox {
	b := &outbox{to: to, book: book, flushed: time.Now()}
	b.timer = time.AfterFunc(time.Hour, b.late)
	b.timer.Stop()
	return b
}

// add puts one reply in. Longer ones than the ledger has room for go out at
// once.
func (b *outbox) add(reply []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	used := int(b.book.used.Load())
	if used+frameHead+len(reply) > bufferSize {
		b.flushLocked()
		used = 0
		if frameHead+len(reply) > bufferSize {
			b.write(appendHead(nil, kindOne, len(reply)))
			b.write(reply)
			return b.failed
		}
	}
	at := len(appendHead(b.book.data[used:used], kindOne, len(reply)))
	at += copy(b.book.data[used+at:], reply)
	b.book.used.Store(uint32(used + at))
	if !b.armed {
		b.armed = true
		b.timer.Reset(maxHold / 2)
	}
	return b.failed
}

// late flushes unless that was done lately: cutting the batches of a worker that
// is busy with short tasks would cost a wake more for each.
func (b *outbox) late() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if left := maxHold/2 - time.Since(b.flushed); left > 0 && b.book.used.Load() > 0 {
		b.timer.Reset(left)
		return
	}
	b.armed = false
	b.flushLocked()
}

func (b *outbox) flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flushLocked()
	return b.failed
}

// flushBefore flushes what was held so long that the parent may as well send
// more while the last request at hand runs.
func (b *outbox) flushBefore() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.book.used.Load() > 0 && time.Since(b.flushed) > worthAWake {
		b.flushLocked()
	}
	return b.failed
}

func (b *outbox) flushLocked() {
	used := b.book.used.Load()
	if used == 0 {
		return
	}
	b.flushed = time.Now()
	b.write(b.book.data[:used])
}

// write notes that data is empty before it counts its bytes as written: killed
// between the two, nothing is found in it twice.
func (b *outbox) write(p []byte) {
	if b.failed != nil {
		return
	}
	n, err := b.to.Write(p)
	b.failed = err
	b.book.used.Store(0)
	b.book.written.Add(uint64(n))
}

// keepIn moves the notes to another ledger, which is empty.
func (b *outbox) keepIn(book *ledger) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flushLocked()
	book.written.Store(b.book.written.Load())
	book.steps.Store(b.book.steps.Load())
	b.book = book
	return b.failed
}
