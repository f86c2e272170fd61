// Package affinity keeps a process, or one of its threads, on given cores.
//
// A core is one CPU as Linux numbers it: two of them may be the two halves of
// one physical core. Which cores may be used is decided by the system
// (sched_setaffinity(2), cpuset cgroups), and a child inherits the cores of the
// thread that started it. Only Linux lets a program decide this; elsewhere
// everything here returns ErrUnsupported.
package affinity

import "errors"

// Unknown is the core where the system does not tell it.
const Unknown = -1

// ErrUnsupported is returned where a program cannot choose its cores.
var ErrUnsupported = errors.New("choosing the cores of a process needs Linux")
