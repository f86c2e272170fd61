package procpool

import (
	"errors"
	"fmt"
	"os"
)

// ErrClosed is the error of requests to a pool that takes no more.
var ErrClosed = errors.New("the process pool is closed: it takes no more requests")

// ErrTerminated is the error of requests that were unanswered when their pool
// was terminated.
var ErrTerminated = errors.New("the process pool was terminated")

// A DeathError is the error of a request whose worker died while it ran it.
// Where the system has no shared memory for the pool (all but Linux), it is
// that of all requests that were sent to the worker and not answered: any of
// them may have run.
type DeathError struct {
	PID   int
	State *os.ProcessState // how it ended: exit code or signal
	Said  string           // Go's panic line or the last line on its standard error; may be empty
	Cause error            // what was seen of it: usually io.EOF
}

func (e *DeathError) Error() string {
	text := fmt.Sprintf("worker %d ended (%s) before it answered: %v", e.PID, e.State, e.Cause)
	if e.Said != "" {
		text += "; it said: " + e.Said
	}
	return text
}

func (e *DeathError) Unwrap() error { return e.Cause }
