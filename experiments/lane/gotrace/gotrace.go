// Package gotrace reads the lanes of a traced run from its execution trace (runtime/trace).
//
// Marks in the trace (lane.Mark) say when which task began and ended on which goroutine;
// the trace itself says when that goroutine ran, and on which processor of Go's scheduler
// and which kernel thread. Running means that the goroutine held a processor of Go's: where
// there are more of these than cores, the kernel's own turns between threads do not
// show. A system call counts as running if it is shorter than Go's monitor ever looks away,
// else as waiting. Of tasks in other processes only start, end and CPU time are known: what they
// computed is taken to have come first.
package gotrace

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/exp/trace"

	"parcon/experiments/lane"
)

// By says what the lanes of goroutines are.
type By int

// What lanes may be.
const (
	Processor By = iota // of Go's scheduler; a task that does not run holds none
	Thread              // of the kernel; its one task holds it to its end
)

// Read reads a trace to its end and returns a timeline of the slices of all tasks that were
// marked. Where they are millions, it is thinned on the way, to what a picture shows.
func Read(r io.Reader, by By) (lane.Timeline, error) {
	in, err := trace.NewReader(r)
	if err != nil {
		return lane.Timeline{}, fmt.Errorf("reading an execution trace: %w", err)
	}
	l := reader{by: by, open: map[trace.GoID]*stretch{}, names: map[int64]string{}, limit: mostSlices, most: mostSlices}
	for {
		event, err := in.ReadEvent()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = l.take(event)
		}
		if err != nil {
			return lane.Timeline{}, fmt.Errorf("reading an execution trace: %w", err)
		}
		l.bound()
	}
	if !l.begun {
		return lane.Timeline{}, errors.New("reading an execution trace: nothing marks the beginning of the run in it")
	}
	return l.done, nil
}

type reader struct {
	by    By
	open  map[trace.GoID]*stretch // what goroutines with a task are doing
	done  lane.Timeline
	most  int              // slices before they are thinned
	limit int              // the same, or more where thinning left as many
	names map[int64]string // of lanes
	begun bool
	zero  trace.Time // the beginning of the run, here
	clock int64      // and by clock.Now
}

// mostSlices takes 100 MB.
const mostSlices = 1 << 20

// bound keeps the memory that slices take in bounds. Where they can hardly be thinned,
// because so many tasks are in flight, it waits until they are twice as many.
func (r *reader) bound() {
	if len(r.done.Slices) >= r.limit {
		r.done = r.done.Thin(r.done.Span() / lane.Steps)
		r.limit = max(r.most, 2*len(r.done.Slices))
	}
}

// A stretch is a slice that has begun.
type stretch struct {
	lane.Slice
	since trace.Time
	call  string // the lane that a system call was made from; "" of all else
	queue bool   // it waits for its turn, or has just woken from that
	away  bool   // it is in a region in which it does not compute (lane.Blocked)
}

func (r *reader) take(e trace.Event) error {
	switch e.Kind() {
	case trace.EventLog:
		if log := e.Log(); log.Category == lane.Category {
			m, err := lane.ParseMark(log.Message)
			if err != nil {
				return err
			}
			r.mark(e, m)
		}
	case trace.EventRegionBegin, trace.EventRegionEnd:
		if e.Region().Type == lane.Blocked {
			r.leave(e, e.Kind() == trace.EventRegionBegin)
		}
	case trace.EventStateTransition:
		if t := e.StateTransition(); t.Resource.Kind == trace.ResourceGoroutine {
			_, to := t.Goroutine()
			r.change(e, t.Resource.Goroutine(), to)
		}
	}
	return nil
}

func (r *reader) mark(e trace.Event, m lane.Mark) {
	switch m.Kind {
	case lane.Begin:
		r.begun, r.zero, r.clock = true, e.Time(), m.At
	case lane.Start:
		s := lane.Slice{Lane: r.laneOf(e), Task: m.Task, State: lane.Running, Core: m.Core, Last: lane.Unknown}
		r.open[e.Goroutine()] = &stretch{Slice: s, since: e.Time()}
	case lane.End:
		r.close(e.Goroutine(), e.Time(), m.Core)
		delete(r.open, e.Goroutine())
	case lane.Ran:
		r.elsewhere(m)
	}
}

// laneOf is the lane of the goroutine that runs at an event.
func (r *reader) laneOf(e trace.Event) string {
	form, number := "P%d", int64(e.Proc())
	if r.by == Thread {
		form, number = "thread %d", int64(e.Thread())
	}
	name, ok := r.names[number]
	if !ok {
		name = fmt.Sprintf(form, number)
		r.names[number] = name
	}
	return name
}

// change ends the slice of a goroutine that has a task, and begins the next.
func (r *reader) change(e trace.Event, id trace.GoID, to trace.GoState) {
	s := r.open[id]
	if s == nil {
		return
	}
	queued := to == trace.GoWaiting && forTurn(e.StateTransition().Stack)
	if queued && s.queue && e.Time().Sub(s.since) < glance {
		s.State = lane.Ready
	}
	next := lane.Slice{Lane: s.Lane, Task: s.Task, Core: lane.Unknown, Last: lane.Unknown}
	switch to {
	case trace.GoRunning:
		next.State, next.Lane = lane.Running, r.laneOf(e)
		if s.away {
			next.State = lane.Waiting
		}
	case trace.GoRunnable:
		next.State = lane.Ready
	case trace.GoWaiting, trace.GoSyscall:
		next.State = lane.Waiting
		if queued {
			next.State = lane.Ready
		}
	default: // it ended without a mark, or nobody knows
		delete(r.open, id)
		return
	}
	if next.State != lane.Running && r.by == Processor {
		next.Lane = ""
	}
	if s.call != "" && !s.away && to == trace.GoRunning && e.Time().Sub(s.since) < short {
		s.State, s.Lane = lane.Running, s.call
	}
	r.close(id, e.Time(), lane.Unknown)
	begun := &stretch{Slice: next, since: e.Time(), queue: queued || s.queue && s.State != lane.Running, away: s.away}
	if to == trace.GoSyscall {
		begun.call = s.Lane
	}
	r.open[id] = begun
}

// leave begins or ends a region in which a task does not compute.
func (r *reader) leave(e trace.Event, away bool) {
	s := r.open[e.Goroutine()]
	if s == nil {
		return
	}
	next := s.Slice
	next.Core, next.State, next.Lane = lane.Unknown, lane.Running, r.laneOf(e)
	if away {
		next.State = lane.Waiting
		if r.by == Processor {
			next.Lane = ""
		}
	}
	r.close(e.Goroutine(), e.Time(), lane.Unknown)
	r.open[e.Goroutine()] = &stretch{Slice: next, since: e.Time(), away: away}
}

// glance is the most that a waiting thread takes to see that its turn has not come: whoever
// has it computes for longer, or blocks elsewhere.
const glance = time.Millisecond

// forTurn says whether a goroutine is blocked at the emulated global lock: it could run,
// and waits for its turn. In a call that blocks without the lock it waits for something else,
// though a method of the lock has made that call.
func forTurn(blocked trace.Stack) bool {
	for f := range blocked.Frames() {
		if _, method, ok := strings.Cut(f.Func, "/gillock.(*Lock)."); ok {
			return !strings.HasPrefix(method, "Block")
		}
	}
	return false
}

// short is the least time after which Go's monitor takes the processor of a thread that is
// in a system call (sysmon in runtime/proc.go).
const short = 20 * time.Microsecond

// close ends the slice of a goroutine.
func (r *reader) close(id trace.GoID, at trace.Time, core int) {
	s := r.open[id]
	if s == nil || !r.begun {
		return
	}
	s.Start, s.End, s.Last = s.since.Sub(r.zero), at.Sub(r.zero), core
	if s.Start >= 0 && s.End > s.Start {
		r.done.Slices = append(r.done.Slices, s.Slice)
	}
}

// nearly is the share of its time for which a task of another process must have been on a
// core to count as running all the time: the two are read one after the other.
const nearly = 0.9

// elsewhere takes a task of another process.
func (r *reader) elsewhere(m lane.Mark) {
	s := lane.Slice{
		Lane: fmt.Sprintf("process %d", m.Worker), Task: m.Task, State: lane.Running, Core: m.Core, Last: m.Last,
		Start: time.Duration(m.At - r.clock), End: time.Duration(m.End - r.clock),
	}
	if !r.begun || s.Start < 0 || s.End < s.Start {
		return
	}
	if took := s.End - s.Start; float64(m.CPU) >= nearly*float64(took) {
		r.done.Slices = append(r.done.Slices, s)
		return
	}
	ran, rest := s, s
	ran.End, ran.Last = s.Start+m.CPU, lane.Unknown
	rest.Start, rest.Core, rest.State = ran.End, lane.Unknown, m.Rest
	r.done.Slices = append(r.done.Slices, ran, rest)
}
