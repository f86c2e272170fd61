package echo

import (
	"time"

	"parcon/experiments/lcg"
)

// unitSteps are the steps of a unit: about 1 µs at 3 GHz, as a step waits four cycles
// for the one before. Calibrate tells what it is here.
const unitSteps = 750

// Work does so many units of work and returns their result, which depends on number.
func Work(number uint64, units uint32) uint64 { return lcg.Steps(number, int(units)*unitSteps) }

// Result is that of Work without its time.
func Result(number uint64, units uint32) uint64 { return lcg.Leap(number, int(units)*unitSteps) }

// Right says whether an answer is the one to a request.
func (a Answer) Right(r Request) bool {
	return a.Number == r.Number && a.Result == Result(r.Number, r.Units) && string(a.Payload) == string(r.Payload)
}

// Calibrate measures how long a unit of work takes here: the shortest of some tries, as
// others on the core only lengthen one. It takes about 10 ms.
func Calibrate() time.Duration {
	const tries, units = 20, 500
	shortest := time.Duration(1 << 62)
	var result uint64
	for range tries {
		start := time.Now()
		result = Work(result, units)
		shortest = min(shortest, time.Since(start))
	}
	return shortest / units
}

// Units are those of work that takes so long, where one takes unit.
func Units(long, unit time.Duration) uint32 {
	return uint32(min((long+unit/2)/max(unit, 1), MaxUnits))
}
