// Package messages is how processes talk to each other: by pipes, queues, sockets and
// shared memory, and what each of them costs; several writers on one of them; calls, which
// are a request and an answer; queues with a bound, with an end, with a join; the end of a
// pipe; an owner of some state, in this process or in a server; and what the answers of a
// queue are worth.
//
// A unit is a process of its own wherever the textbooks mean one. Processes are started
// once for some tries and told what to do by a line (package peer); what they share is
// handed to them when they start (package ipc), a new one for each try, so that no try
// meets another. Every message is checked: its number, its order, or a sum that is known
// beforehand.
//
// That something does not happen (an end, a join) is watched for a few milliseconds: what
// would have happened later is not seen. Whatever can wait for ever has a deadline.
package messages

import (
	"time"

	"parcon/experiments/card"
)

// Chapter lists the cards.
var Chapter = card.Chapter{
	Name:     "messages",
	Title:    "Messages between processes",
	Question: "How do processes pass work and answers to each other, who waits for whom, and what does it cost?",
	Cards:    []card.Card{transports, frames, calls, endOfFile, bounded, apart, markers, joinable, owner, told, access, increments},
}

const (
	// patience is how long something may take that must happen. It ends a trial that would
	// hang, so it is far beyond what a busy machine needs.
	patience = 10 * time.Second
	// moment is how long it is watched that somebody goes on waiting. Waking a sleeper on
	// another core takes some 50 us.
	moment = 10 * time.Millisecond
	// abreast is how many tries that wait are made at the same time.
	abreast = 12
)

// python is the value of a key for a real CPython.
const python = "cpython"
