package locking

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// The units of the mechanism semaphore, besides card.UnitTries and Seen.
const (
	over       = "over"        // tries in which more were inside than the size
	mostInside = "most-inside" // of all tries
)

// visitorsPerSeat times the size of a semaphore is how many want to get in.
const visitorsPerSeat = 4

// semaphores: 4 x size units pass through a semaphore. Each stays inside for a
// moment and counts how many are. Goroutines use a buffered channel, the way of
// Go without a library; processes ipc.Semaphore.
var semaphores = card.Card{
	Name: "semaphore", Doc: "lets 4 x size units through a semaphore and counts how many are inside at once",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys:        []card.Choice{unit, {Key: "size", Format: "size %s"}},
	Cases:       semaphoreCases,
	Claims:      semaphoreClaims,
	Prepare:     prepareSemaphore,
	Parts:       map[string]func([]string) error{"visitor": visitorPart},
	Counts:      []string{"over", "most-inside"},
	Sections:    semaphoresSections,
}

func semaphoresSections() []section.Section {
	return []section.Section{{
		Topic: "A semaphore of n", Claims: []string{"L1"},
		Form: section.Table{
			Finding: []section.Clause{section.Counted("over", "a semaphore let more units in than its n in %s tries")},
			Rows:    section.Alike("unit", "seen"),
			Columns: []section.Column{
				section.Under("unit", section.Value("unit")),
				section.Under("n", section.Value("size")),
				section.Under("never more than n inside, and n at some time", section.Count("seen")),
				section.Under("too many inside", section.Count("over")),
				section.Under("most inside", section.Most("most-inside")),
			},
		},
	}}
}

func semaphoreOf(unit string, size int) variant.Variant {
	return card.Of("semaphore", "unit", unit, "size", card.Itoa(size))
}

var tooMany = card.Measure{Name: "too many inside", Unit: over, How: card.Every}

func semaphoreCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, unit := range units {
		cases = append(cases, card.Run(card.Tries, semaphoreOf(unit, 1)), card.Run(card.Tries, semaphoreOf(unit, 3)))
	}
	return cases
}

func semaphoreClaims(s card.Scale) []card.Claim {
	claim := card.Claim{ID: "L1", Text: "A semaphore of n lets at most n in"}
	for _, c := range semaphoreCases(s) {
		claim.Comparisons = append(claim.Comparisons, card.Sometimes(card.Happens, c.Variant), card.Never(tooMany, c.Variant))
	}
	return []card.Claim{claim}
}

// The largest sizes: 4 times as many goroutines or processes are started.
const (
	mostGoroutineSeats = 10_000
	mostProcessSeats   = 64
)

func prepareSemaphore(t card.Trial) (card.Session, error) {
	size, most := t.Int("size", 1), mostGoroutineSeats
	if t.Get("unit") == process {
		most = mostProcessSeats
	}
	if size > most {
		return card.Session{}, fmt.Errorf("a semaphore of size %d for units of kind %s: give at most %d", size, t.Get("unit"), most)
	}
	return makers[visiting]{
		goroutines: func() visiting { return func() (int, error) { return passGoroutines(size) } },
		processes: func(t card.Trial, s *stage) (visiting, error) {
			v, err := newVisitors(t, s, size)
			return v.pass, err
		},
		abreast: max(1, min(abreast, 100/size)), // of a large one there are enough units by themselves
	}.session(t, func(l lanes[visiting]) (protocol.Measurement, error) {
		inside, err := card.On(l, t.Ops, func(pass visiting) (int, error) { return pass() })
		return countInside(inside, size), err
	})
}

// visiting lets units pass a semaphore and says how many were inside at most.
type visiting func() (inside int, err error)

// countInside counts tries, of each of which it is told how many were inside at most.
func countInside(inside []int, size int) protocol.Measurement {
	m := protocol.Measurement{card.UnitTries: float64(len(inside)), card.UnitSeen: 0, over: 0, mostInside: 0}
	for _, n := range inside {
		switch {
		case n > size:
			m[over]++
		case n == size:
			m[card.UnitSeen]++
		}
		m[mostInside] = max(m[mostInside], float64(n))
	}
	return m
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
	stage     *stage
	room      *shared[room]
	open      *ipc.Event // lets all begin at once
	semaphore *ipc.Semaphore
	size      int
}

func newVisitors(t card.Trial, s *stage, size int) (*visitors, error) {
	v := &visitors{stage: s, size: size}
	v.room = put(s, share[room])
	v.open = put(s, ipc.NewEvent)
	v.semaphore = put(s, func() (*ipc.Semaphore, error) { return ipc.NewSemaphore(size) })
	return v, s.hire(t, visitorsPerSeat*size, 1, "visitor")
}

func (v *visitors) pass() (int, error) {
	v.room.reset()
	if err := v.open.Clear(); err != nil {
		return 0, err
	}
	v.stage.crew.Tell("pass")
	if err := v.stage.crew.Expect(present); err != nil {
		return 0, err
	}
	if err := v.open.Set(); err != nil {
		return 0, err
	}
	if err := v.stage.crew.Expect(done); err != nil {
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
	return peer.Attend(obey("pass", func() error {
		peer.Say(present)
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
