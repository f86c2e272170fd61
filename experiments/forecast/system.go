// Package forecast foretells how many tasks a queue and its workers get done, and how
// long each waits: for numbers of workers that no machine at hand can hold, from what a
// task was measured to cost.
//
// It is a simulation of single events. A master publishes tasks, to the queue's streams in
// turn; a stream hands each to the next of its workers that has asked for more, in turn
// again, and a worker may hold Prefetch tasks, of which it does one at a time. Its answer
// goes through the same stream back to the master. The master, each stream and each worker
// do one thing at a time, in the order in which it came. Half of what a task costs the
// queue and the master falls on the way out, and half on the way back.
//
// Where all share some cores, a stream that has something to do takes one of them at once,
// the master one that is left, and workers get theirs in turn, each for as long as it
// computes. (A kernel lets who sleeps much and computes little come first, and lets go on
// what has run for less than its slice, 3 ms on Linux. In equal parts of the cores all
// workers would get in step, and wait for each other.) That streams come first is what was
// measured: workers who had nothing to compute, 1, 2, 4 and 8 of them, took 1.04, 1.01,
// 1.00 and 1.01 times the CPU time of the server for a task, on two cores, with a server of
// NATS and streams in memory.
//
// # How long it simulates
//
// Tasks are counted, not seconds. Those in flight are replaced before anything counts,
// and 1,000 more; then 4,000 tasks count for throughput and 10,000 for latency, or half as
// many as are in flight if that is more. A forecast of throughput where the workers or
// shared cores are the limit begins with full workers, each somewhere in its task, because
// to fill 100,000 of them would be all that it simulates. So even these are foretold in a
// fraction of a second.
//
// Everything is a pure function: the same input and seed give the same answer.
//
// What is known of queues in closed form (Kleinrock, Queueing Systems, volume 1, 1975)
// comes out of it: the waits at one server with equal services, Erlang's C at several, and
// Little's law; package tests hold it to these.
package forecast

import "fmt"

// A System is a master, a queue and workers. Times are ns.
type System struct {
	Queue  float64 // CPU time of the queue's server for a task
	Master float64 // CPU time of the master
	Worker float64 // CPU time of a worker beside the task itself
	Length float64 // of a task
	Waits  bool    // a task waits for so long; else it computes
	Spread float64 // standard deviation of the lengths over their mean; 0 for equal ones, 1 for exponential ones
	Hop    float64 // a message is on its way for so long

	Prefetch, Workers, Streams int

	Cores int // that all of them share; 0: each has one of its own, and so has each stream
}

// The limits of what can be asked.
const (
	longest     = 1e13 // ns, almost three hours
	mostWorkers = 1_000_000
	mostStreams = 1_024
	mostCores   = 1_024
	mostOthers  = 65_536
	mostSpread  = 10
)

// check says what of a system makes no sense.
func (s System) check() error {
	for _, c := range []struct {
		name  string
		value float64
		most  float64
	}{
		{"the queue's time", s.Queue, longest},
		{"the master's time", s.Master, longest},
		{"the worker's time", s.Worker, longest},
		{"the length of a task", s.Length, longest},
		{"the way of a message", s.Hop, longest},
		{"the spread of lengths", s.Spread, mostSpread},
	} {
		if !(c.value >= 0 && c.value <= c.most) { // so NaN is refused too
			return fmt.Errorf("forecasting: %s is %g: give 0 to %g", c.name, c.value, c.most)
		}
	}
	for _, c := range []struct {
		name              string
		value, from, most int
	}{
		{"workers", s.Workers, 1, mostWorkers},
		{"prefetch", s.Prefetch, 1, mostOthers},
		{"streams", s.Streams, 1, mostStreams},
		{"cores", s.Cores, 0, mostCores},
	} {
		if c.value < c.from || c.value > c.most {
			return fmt.Errorf("forecasting: %s is %d: give %d to %d", c.name, c.value, c.from, c.most)
		}
	}
	if s.Streams > s.Workers {
		return fmt.Errorf("forecasting: %d streams have only %d workers: give each stream a worker", s.Streams, s.Workers)
	}
	if s.Queue+s.Master+s.Worker+s.Length < 1 {
		return fmt.Errorf("forecasting: a task costs %g ns: give costs that add up to 1 ns at least", s.Queue+s.Master+s.Worker+s.Length)
	}
	return nil
}

// Bound is what no such system can exceed, in tasks per second: each part of it, were it
// always busy.
func (s System) Bound() float64 {
	return min(1e9*float64(s.Streams)/s.Queue, 1e9/s.Master, 1e9*float64(s.Workers*s.Prefetch)/s.alone(), s.computing())
}

// computing is what workers can do, and the cores, if they are shared.
func (s System) computing() float64 {
	most := 1e9 * float64(s.Workers) / (s.Worker + s.Length)
	if s.Cores > 0 {
		most = min(most, 1e9*float64(s.Cores)/s.cpu())
	}
	return most
}

// alone is how long a task takes that meets no other, and is only held by the worker
// until its answer is at the queue.
func (s System) alone() float64 { return 2*s.Hop + s.Worker + s.Length + s.Queue/2 }

// cpu is the CPU time of a task, of all together.
func (s System) cpu() float64 {
	all := s.Queue + s.Master + s.Worker
	if !s.Waits {
		all += s.Length
	}
	return all
}

// An Outcome is what a simulation counted.
type Outcome struct {
	Throughput           float64 // tasks per second
	Mean, P50, P99, P999 float64 // ns from when a task was due until the master had its answer
	InFlight             float64 // tasks due and not answered, in the mean
	// How much of the time each was at work, 0 to 1: streams and workers in the mean of
	// all, cores only where they are shared.
	Queue, Master, Workers, Cores float64
}

// Limit is the part that has no time left: "cores", "queue", "master" or "workers", and
// "prefetch" if all have: then too few tasks are on their way.
func (o Outcome) Limit() string {
	name, most := "prefetch", 0.9 // a part that is ever short of work for a moment is still the limit
	for _, part := range []struct {
		name string
		busy float64
	}{{"cores", o.Cores}, {"queue", o.Queue}, {"master", o.Master}, {"workers", o.Workers}} {
		if part.busy > most+1e-9 {
			name, most = part.name, part.busy
		}
	}
	return name
}

// Capacity foretells the throughput where there is always a task to be published. The
// latencies are then those of a queue that is never empty, and mean nothing.
func (s System) Capacity(seed uint64) (Outcome, error) {
	if err := s.check(); err != nil {
		return Outcome{}, err
	}
	return newRun(s, 0, seed).outcome(), nil
}

// Predict foretells that, and how long tasks take that become due at random, a given
// share of as many as the system can do: a Poisson stream, which does not wait for
// answers.
func (s System) Predict(share float64, seed uint64) (full, open Outcome, err error) {
	if !(share >= 0.01 && share <= 0.99) {
		return full, open, fmt.Errorf("forecasting: a load of %g of the capacity: give 0.01 to 0.99", share)
	}
	if full, err = s.Capacity(seed); err != nil {
		return full, open, err
	}
	return full, newRun(s, share*full.Throughput/1e9, seed).outcome(), nil
}
