// Package servers is what clients get from a server, by how it is laid over processes,
// threads and goroutines (package server): who waits for whom, who is taken along when a
// request crashes, what it costs to serve many clients, and how many requests can be served.
//
// A server is a process of its own and listens on the loopback; a trial is its clients.
// Start starts one, Dial connects to it. Whatever can wait for ever has a deadline.
package servers

import "parcon/experiments/card"

// Chapter lists the cards.
var Chapter = card.Chapter{
	Name:     "servers",
	Title:    "Servers",
	Question: "Who waits for whom at a server, what does it cost to serve many, and who is taken along when one request crashes?",
	Cards:    []card.Card{second, serve, saturate, takedown},
}
