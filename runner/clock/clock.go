// Package clock gives stamps that processes of one machine can compare.
//
// Go's own monotonic clock counts from a moment private to each process, so a
// stamp taken in a worker process means nothing to its parent. Now counts
// from a moment that all processes share (on Unix the boot of the machine,
// CLOCK_MONOTONIC), and costs what time.Now costs: the shared clock is read
// once, when the process starts, and Go's clock carries on from there.
//
// Stamps of two processes agree to better than a microsecond, which is the
// cost of reading both clocks one after the other at start. They are not
// comparable across machines or across a reboot.
package clock

import "time"

var (
	epoch  = time.Now()
	offset = shared()
)

// Now returns nanoseconds since the machine's shared moment.
func Now() int64 { return offset + int64(time.Since(epoch)) }
