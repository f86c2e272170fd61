package model

var loop = Model{
	Name: "loop", Mapping: "goroutines on one core: an event loop with parked waits (N:1)",
	Procs: oneCore,
	Start: startGoroutines,
}
