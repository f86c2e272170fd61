// Package sharing is what units share and what they do not: writes, what a child
// finds of its parent, crashes, lost updates, tickets sold twice, torn lines, and
// what it costs to share rightly.
//
// Each mechanism is a file. What it counts happened: a write is reported by its
// writer, a sold ticket was taken by a buyer, every byte of a line is looked at.
// Processes are parts that wait at a gate until all are there; they do the work, in
// one episode or several, in the time that is measured, and starting them is not in it.
//
// Whatever could wait for ever is ended after the patience of a trial, and then
// the trial fails.
package sharing

import (
	"time"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
)

// Chapter lists the cards.
var Chapter = card.Chapter{
	Name:     "sharing",
	Title:    "Isolation and sharing",
	Question: "What do processes and threads share, what goes wrong when they do, and what does it cost to prevent it?",
	Cards:    []card.Card{isolation, inherited, forked, crash, balance, oversell, tornWrites, tally, counter},
}

// patience is how long a trial waits for something that should take a second
// at most, before it gives up.
const patience = 30 * time.Second

// share is the part of n that falls to one of so many: the first ones take what
// does not divide.
func share(n, of, index int) int {
	each := n / of
	if index < n%of {
		each++
	}
	return each
}

// python prepares a session in which a real CPython does the work, with a mechanism
// of its own or one that a card brings.
func python(t card.Trial, own, what string, args ...string) (card.Session, error) {
	return cpython.Prepare(t, 2*patience, own, what, args...)
}
