package lane

import (
	"fmt"
	"time"
)

// Category is that of the marks that a traced run leaves in its execution trace.
const Category = "parcon"

// Blocked is the type of the regions in which a task does without an emulated lock: it
// waits, or waits for its turn, but does not compute, though Go sees it run on the way.
const Blocked = Category + " blocked"

// A Mark is one of them.
type Mark struct {
	Kind MarkKind
	Task int
	Core int   // at this moment; of Ran: at the start
	At   int64 // of Begin: now; of Ran: the start (clock.Now)

	// Of Ran, a task that another process reports:
	Worker int           // the number of that process
	Last   int           // core at the end
	End    int64         // clock.Now
	CPU    time.Duration // of the process meanwhile
	Rest   State         // what the task did for the rest of the time
}

// MarkKind says what a mark is of.
type MarkKind string

// The kinds of mark.
const (
	Begin MarkKind = "begin" // of the run
	Start MarkKind = "start" // of a task, on this goroutine
	End   MarkKind = "end"   // of the task that started last on this goroutine
	Ran   MarkKind = "ran"   // a task elsewhere, from its start to its end
)

const markForm = "%s %d %d %d %d %d %d %d %s"

// String is the message of the mark in the trace.
func (m Mark) String() string {
	if m.Rest == "" {
		m.Rest = Waiting
	}
	return fmt.Sprintf(markForm, m.Kind, m.Task, m.Core, m.At, m.Worker, m.Last, m.End, m.CPU.Nanoseconds(), m.Rest)
}

// ParseMark reads a message.
func ParseMark(text string) (m Mark, err error) {
	if _, err = fmt.Sscanf(text, markForm, &m.Kind, &m.Task, &m.Core, &m.At, &m.Worker, &m.Last, &m.End, (*int64)(&m.CPU), &m.Rest); err != nil {
		return m, fmt.Errorf("reading the mark %.80q of a trace: %w", text, err)
	}
	return m, nil
}
