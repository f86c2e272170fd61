// Package life is how processes live and end: zombies, orphans, daemons,
// signals, exit statuses, states, and joins that give up.
//
// All of it is seen from outside, as the kernel tells it: /proc (proc(5)), the
// wait status (wait(2)), and a pidfd, which becomes readable when its process
// has ended (pidfd_open(2)) and so needs no polling in between. Linux only.
//
// Every try makes its own processes and buries them. Those that are meant to
// outlive their parent are started without a signal that the kernel would send
// them then. In its place they hold the read end of a pipe whose write end only
// the trial holds: when that is gone, in whatever way, they read the end of
// their input and end too. If all fails they end by themselves after lifetime.
//
// What is not looked at: the end of a session (SIGHUP), and what other kernels do.
package life

import (
	"time"

	"parcon/experiments/card"
)

// Chapter lists the cards.
var Chapter = card.Chapter{
	Name:     "life",
	Title:    "Life of a process",
	Question: "How do processes live and end: zombies, orphans, daemons, signals, states, turns?",
	Cards:    []card.Card{zombie, orphan, daemon, terminate, exits, states, join, grandchild, interrupt, reuse, exhaust, offspring, turns},
}

const (
	// patience is how long something is waited for that takes a millisecond or
	// two: whoever waits so long gives up with an error.
	patience = 5 * time.Second
	// lifetime is the longest life of a child that does not die with its parent.
	lifetime = 2 * patience
	// abreast is how many tries are made at a time where each has processes of its own
	// and looks at these alone. Most of a try is waiting: for a start, for an end.
	abreast = 12
)
