package openloop

import (
	"fmt"
	"time"
)

// A Schedule is when requests are due: so many in a second, one after the other at even
// distances.
type Schedule struct {
	Rate     float64 // requests in a second
	Requests int
}

// limits of a schedule.
const (
	mostRate     = 1e6
	mostRequests = 100_000_000
)

func (s Schedule) check() error {
	if !(s.Rate > 0 && s.Rate <= mostRate) {
		return fmt.Errorf("a load of %v requests in a second: give a rate above 0 and up to %g", s.Rate, mostRate)
	}
	if s.Requests < 1 || s.Requests > mostRequests {
		return fmt.Errorf("a load of %d requests: give from 1 to %d", s.Requests, mostRequests)
	}
	return nil
}

// Due is when request n is due, from the beginning. The first one is due at once.
func (s Schedule) Due(n int) time.Duration {
	return time.Duration(float64(n) / s.Rate * float64(time.Second))
}

// Length is from the beginning to when the last request is due.
func (s Schedule) Length() time.Duration { return s.Due(s.Requests - 1) }

// spin is how long before a request is due its sender stops to sleep. A sleeper is woken
// up to 60 us late; at high rates that would be all of the time, and take the core from
// the server, so then it is a quarter of the distance, and the sender comes later.
func (s Schedule) spin() time.Duration {
	const wakes = 60 * time.Microsecond
	return min(wakes, time.Duration(0.25/s.Rate*float64(time.Second)))
}
