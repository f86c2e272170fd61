package servers

import (
	"math"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/echo"
	"parcon/experiments/number"
	"parcon/experiments/openloop"
)

// result is that of a load of 500 requests, of which three had no right answer.
func result(late time.Duration) openloop.Result {
	return openloop.Result{
		Offered: 5000, Sent: 5000, Served: 4970, Requests: 500, Answered: 497, Wrong: 1,
		Latency: openloop.Quantiles{P50: 80_000, P90: 90_000, P99: 200_000, P999: 300_000, Max: 400_000},
		Late:    openloop.Quantiles{P50: late, P99: 2 * late},
	}
}

func TestALoadIsTold(t *testing.T) {
	m := told(result(1000), 100, 497*30*time.Microsecond, 4096)
	for unit, want := range map[string]float64{
		card.UnitTries: 500, card.UnitSeen: 497, card.UnitEpisodes: 100, "ns/op": 80_000,
		unitP90: 90_000, unitP99: 200_000, unitP999: 300_000, unitMax: 400_000,
		unitServed: 4970, unitCPU: 30_000, unitMemory: 4096, unitLate: 2000, unitLagged: 0,
	} {
		if got, given := m[unit]; got != want || !given {
			t.Errorf("%s is %v, want %v", unit, got, want)
		}
	}
}

// What depends on when requests came is not told of a generator that lagged; what was
// answered is.
func TestALoadThatLaggedTellsNoTimeOfTheServer(t *testing.T) {
	m := told(result(50_000), 100, time.Second, 4096)
	if cpu, given := m[unitCPU]; given || m[unitLagged] != 1 || m[card.UnitSeen] != 497 || m[unitP99] != 200_000 {
		t.Errorf("it tells a time of %v, and %v", cpu, m)
	}
}

func TestALoadWithoutAnAnswerTellsNoLatency(t *testing.T) {
	m := told(openloop.Result{Offered: 5000, Sent: 5000, Requests: 500}, 100, time.Second, 4096)
	for _, unit := range []string{"ns/op", unitP99, unitCPU} {
		if value, given := m[unit]; given {
			t.Errorf("%s is %v", unit, value)
		}
	}
	if m[card.UnitSeen] != 0 || m[card.UnitTries] != 500 {
		t.Errorf("%v", m)
	}
}

// A wrong answer is seen as such, and so is one to another request.
func TestAnswersAreChecked(t *testing.T) {
	for _, http := range []bool{false, true} {
		p := spoken{http}
		a := p.Answers()
		right := asked(7).Answer()
		wrong := right
		wrong.Result++
		foreign := right
		foreign.Number++
		for _, c := range []struct {
			answer echo.Answer
			right  bool
		}{{right, true}, {wrong, false}, {foreign, false}} {
			frame := c.answer.Append(nil)
			if http {
				frame = append([]byte("HTTP/1.1 200 OK\r\nContent-Length: 84\r\n\r\n"), frame...)
			}
			a.Filled(copy(a.Room(), frame))
			got, whole, err := a.Next()
			if got.Right != c.right || !whole || err != nil || got.Number != c.answer.Number {
				t.Errorf("http %v: %+v, %v, %v, want right: %v", http, got, whole, err, c.right)
			}
		}
	}
}

// An event loop takes 20 us and the work, another server 30 us and half of it: they take
// the same at 20 us of work.
func TestWhereTwoServersCross(t *testing.T) {
	ratio := func(low, mid, high float64) number.Interval {
		return number.Interval{Estimate: mid, Low: low, High: high, N: 20}
	}
	none := side{0, 20_000, ratio(1.4, 1.5, 1.6)}
	much := side{100_000, 120_000, ratio(0.6, 80.0/120, 0.7)}
	c := crossing(none, much)
	if math.Abs(c.Estimate-20_000) > 1 || !c.Known() || c.Low >= 20_000 || c.High <= 20_000 || c.Low < 0 || c.High > 100_000 {
		t.Errorf("they cross at %+v", c)
	}
	// Nothing is sure where the order on one side is not.
	for _, sides := range [][2]side{
		{{0, 20_000, ratio(0.9, 1.5, 1.6)}, much},
		{none, {100_000, 120_000, ratio(0.6, 0.7, 1.1)}},
		{none, {100_000, 120_000, number.Interval{Estimate: 0.7, Low: math.Inf(-1), High: math.Inf(1), N: 3}}},
	} {
		if c := crossing(sides[0], sides[1]); c.Known() || c.N == 0 || !(c.Estimate > 0 && c.Estimate < 100_000) {
			t.Errorf("they cross at %+v", c)
		}
	}
}
