package procpool

import (
	"errors"
	"runtime"
)

var errGoexit = errors.New("a function of the user's ended its goroutine (runtime.Goexit) and gave no answer")

// exiting says, in a deferred function, whether that runs because its goroutine is
// being ended by runtime.Goexit. A panic is left alone: recover would change what is
// printed of it.
func exiting() bool {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		switch f.Function {
		case "runtime.Goexit":
			return true
		case "runtime.gopanic":
			return false
		}
	}
	return false
}
