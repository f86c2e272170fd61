// Package messages is how processes talk to each other: by pipes, queues, sockets and
// shared memory, and what each of them costs; several writers on one of them; calls, which
// are a request and an answer.
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
	Cards:    []card.Card{transports, frames, calls},
}

// patience is how long something may take that must happen. It ends a trial that would
// hang, so it is far beyond what a busy machine needs.
const patience = 10 * time.Second
