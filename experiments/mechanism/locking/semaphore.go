package locking

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"parcon/experiments/ipc"
	"parcon/experiments/mechanism"
	"parcon/runner/protocol"
)

// The units of the mechanism semaphore, besides mechanism.Tries and Seen.
const (
	over       = "over"        // tries in which more were inside than the size
	mostInside = "most-inside" // of all tries
)

// visitorsPerSeat times the size of a semaphore is how many want to get in.
const visitorsPerSeat = 4

// semaphores: 4 x size units pass through a semaphore. Each stays inside for a
// moment and counts how many are. Goroutines use a buffered channel, the way of
// Go without a library; processes ipc.Semaphore.
var semaphores = mechanism.Mechanism{
	Name: "semaphore", Doc: "lets 4 x size units through a semaphore and counts how many are inside at once",
	Linux:   true,
	Keys:    []mechanism.Choice{unit, {Key: "size"}},
	Prepare: prepareSemaphore,
	Parts:   map[string]func([]string) error{"visitor": visitorPart},
}

// The largest sizes: 4 times as many goroutines or processes are started.
const (
	mostGoroutineSeats = 10_000
	mostProcessSeats   = 64
)

func prepareSemaphore(t mechanism.Trial) (mechanism.Session, error) {
	size, most := t.Int("size", 1), mostGoroutineSeats
	if t.Get("unit") == process {
		most = mostProcessSeats
	}
	if size > most {
		return mechanism.Session{}, fmt.Errorf("a semaphore of size %d for units of kind %s: give at most %d", size, t.Get("unit"), most)
	}
	var session mechanism.Session
	once := func() (int, error) { return passGoroutines(size) }
	if t.Get("unit") == process {
		v, err := newVisitors(t, size)
		if err != nil {
			return session, err
		}
		once, session.Close = v.pass, v.stage.clear
	}
	session.Run = func() (protocol.Measurement, error) { return trySemaphore(t.Ops, size, once) }
	return session, nil
}

// trySemaphore makes tries, each of which says how many were inside at most.
func trySemaphore(tries, size int, once func() (int, error)) (protocol.Measurement, error) {
	tooMany, most := 0, 0
	m, err := mechanism.Try(tries, func(int) (bool, error) {
		inside, err := once()
		if inside > size {
			tooMany++
		}
		most = max(most, inside)
		return inside == size, err
	})
	if err != nil {
		return nil, err
	}
	m[over], m[mostInside] = float64(tooMany), float64(most)
	return m, nil
}

// A room is what a semaphore guards. It may lie in memory that processes share.
type room struct {
	inside, most, visits atomic.Int32
}

// visit is what a unit does that was let in.
func (r *room) visit() {
	now := r.inside.Add(1)
	for {
		most := r.most.Load()
		if now <= most || r.most.CompareAndSwap(most, now) {
			break
		}
	}
	time.Sleep(moment)
	r.inside.Add(-1)
	r.visits.Add(1)
}

// result is how many were inside at most, after so many should have visited.
func (r *room) result(visitors int) (int, error) {
	if n := int(r.visits.Load()); n != visitors || r.inside.Load() != 0 {
		return 0, fmt.Errorf("passing %d units through a semaphore: %d came through and %d are still inside", visitors, n, r.inside.Load())
	}
	return int(r.most.Load()), nil
}

func passGoroutines(size int) (int, error) {
	visitors := visitorsPerSeat * size
	seats := make(chan struct{}, size)
	open := make(chan struct{})
	var r room
	ended := launch(visitors, func(int) {
		<-open
		seats <- struct{}{}
		r.visit()
		<-seats
	})
	close(open)
	if err := within(patience, ended, "all goroutines passed the semaphore"); err != nil {
		return 0, err
	}
	return r.result(visitors)
}

// visitors are the processes that want to pass a semaphore.
type visitors struct {
	stage     stage
	room      *shared[room]
	open      *ipc.Event // lets all begin at once
	semaphore *ipc.Semaphore
	size      int
}

func newVisitors(t mechanism.Trial, size int) (*visitors, error) {
	v := &visitors{size: size}
	var err error
	v.room, err = share[room]()
	if err = v.stage.put(v.room, err); err != nil {
		return nil, err
	}
	v.open, err = ipc.NewEvent()
	if err = v.stage.put(v.open, err); err != nil {
		return nil, err
	}
	v.semaphore, err = ipc.NewSemaphore(size)
	if err = v.stage.put(v.semaphore, err); err != nil {
		return nil, err
	}
	return v, v.stage.hire(t, visitorsPerSeat*size, 1, "visitor")
}

func (v *visitors) pass() (int, error) {
	v.room.reset()
	if err := v.open.Clear(); err != nil {
		return 0, err
	}
	v.stage.crew.tell("pass")
	if err := v.stage.crew.hear(present); err != nil {
		return 0, err
	}
	if err := v.open.Set(); err != nil {
		return 0, err
	}
	if err := v.stage.crew.hear(done); err != nil {
		return 0, err
	}
	return v.room.at.result(visitorsPerSeat * v.size)
}

// visitorPart is a process that passes the semaphore whenever it is told.
func visitorPart([]string) error {
	room, err := inherit[room](0)
	if err != nil {
		return err
	}
	open, err := ipc.OpenEvent(ipc.Inherited(1))
	if err != nil {
		return err
	}
	semaphore, err := ipc.OpenSemaphore(ipc.Inherited(2))
	if err != nil {
		return err
	}
	ctx := context.Background() // the parent kills who waits too long
	return serve(obey("pass", func() error {
		say(present)
		if err := open.Wait(ctx); err != nil {
			return err
		}
		if err := semaphore.Acquire(ctx); err != nil {
			return err
		}
		room.visit()
		return semaphore.Release()
	}))
}
