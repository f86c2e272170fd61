// Package cluster is what a queue on the network makes of worker processes: one pool, at
// a price for each task, which loses nothing with a worker and lets no stranger in.
//
// Server, master and workers are processes of their own (package remote) and meet on the
// loopback of this machine: what a network between machines adds to it is not in the
// figures.
package cluster

import "parcon/experiments/card"

// Chapter lists the cards.
var Chapter = card.Chapter{
	Name:     "cluster",
	Title:    "Many machines",
	Question: "What does a task cost on a queue that workers anywhere can serve, and what is lost with a worker?",
	Cards:    []card.Card{pool, stranger, loss},
}
