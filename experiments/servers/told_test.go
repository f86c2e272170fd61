package servers

import (
	"math"
	"strings"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/echo"
	"parcon/experiments/number"
	"parcon/experiments/openloop"
	"parcon/experiments/section"
	"parcon/experiments/server"
	"parcon/experiments/variant"
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
	m := told(result(1000), 100, 4096)
	for unit, want := range map[string]float64{
		card.UnitTries: 500, card.UnitSeen: 497, card.UnitEpisodes: 100, "ns/op": 80_000,
		unitP90: 90_000, unitP99: 200_000, unitP999: 300_000, unitMax: 400_000,
		unitServed: 4970, unitMemory: 4096, unitLate: 2000, unitLagged: 0,
	} {
		if got, given := m[unit]; got != want || !given {
			t.Errorf("%s is %v, want %v", unit, got, want)
		}
	}
}

func TestALoadThatLaggedIsMarked(t *testing.T) {
	m := told(result(50_000), 100, 4096)
	if m[unitLagged] != 1 || m[card.UnitSeen] != 497 || m[unitP99] != 200_000 {
		t.Errorf("%v", m)
	}
}

func TestALoadWithoutAnAnswerTellsNoLatency(t *testing.T) {
	m := told(openloop.Result{Offered: 5000, Sent: 5000, Requests: 500}, 100, 4096)
	for _, unit := range []string{"ns/op", unitP99} {
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

// source has the medians that a test gives it, by unit and variant, and nothing else.
type source struct {
	section.Source
	centers map[string]map[string]float64
}

func (s source) Center(v variant.Variant, unit string) number.Interval {
	if value, known := s.centers[unit][v.String()]; known {
		return number.Interval{Estimate: value, Low: value, High: value, N: 20}
	}
	return number.Interval{}
}

func (s source) Ratio(of variant.Variant, unit string, over variant.Variant, than string) number.Interval {
	a, b := s.Center(of, unit), s.Center(over, than)
	if a.N == 0 || b.N == 0 {
		return number.Interval{}
	}
	ratio := a.Estimate / b.Estimate
	return number.Interval{Estimate: ratio, Low: 0.99 * ratio, High: 1.01 * ratio, N: 20}
}

func (source) Word(key, value string) string { return ofMany.Word(value) }

func (source) Compare(key, a, b string) int {
	choice := serve.Choice(key)
	if key == "work" {
		choice = saturate.Choice(key)
	}
	return choice.Compare(a, b)
}

// samples are those of variants of which the medians are known.
func samples(centers map[string]map[string]float64, variants ...variant.Variant) section.Samples {
	return section.Samples{Source: source{centers: centers}, Variants: variants}
}

// One server keeps up to 10,000 requests in a second, the other one to 1,000 of them.
func TestWhereLinesBendIsSaid(t *testing.T) {
	var all []variant.Variant
	centers := map[string]map[string]float64{unitServed: {}, "ns/op": {}}
	for model, most := range map[string]float64{server.Loop: 10_000, server.Process: 1_000} {
		for _, rate := range []int{1_000, 10_000, 20_000} {
			v := serving(model, clients, rate)
			all = append(all, v)
			centers[unitServed][v.String()] = min(most, float64(rate))
			centers["ns/op"][v.String()] = 1e5 * max(1, float64(rate)/most)
		}
	}
	shown := knee(samples(centers, all...))
	if want := "Rates that were kept up with, requests in a second: 10,000 (event loop), 1,000 (process per connection)"; shown.Finding != want {
		t.Errorf("%q, want %q", shown.Finding, want)
	}
	if shown.Figure == nil || len(shown.Figure.Curves) != 2 || shown.Figure.Curves[0].Name != "process" || len(shown.Figure.Curves[0].Y) != 3 {
		t.Fatalf("%+v", shown.Figure)
	}
	// Of one rate there is no line.
	if shown := knee(samples(centers, serving(server.Loop, clients, 1_000))); !shown.Empty() {
		t.Errorf("%+v", shown)
	}
}

// An event loop takes 20 us and the work. A process takes 30 us and half of it, a thread
// 10 us and half of it.
func TestWhereTheOrderTurnsIsSaid(t *testing.T) {
	var all []variant.Variant
	times := map[string]float64{}
	for _, w := range works {
		for model, of := range map[string]struct{ alone, share float64 }{
			server.Loop: {20_000, 1}, server.Process: {30_000, 0.5}, server.Thread: {10_000, 0.5},
		} {
			v := saturated(model, w.name)
			all = append(all, v)
			times[v.String()] = of.alone + of.share*float64(w.long)
		}
	}
	got := crossings(samples(map[string]map[string]float64{"ns/op": times}, all...))
	const want = "More than an event loop serves: thread per connection at each amount of work; process per connection from 20.0 µs (19."
	if !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := crossings(samples(nil, all...)); got != "" {
		t.Errorf("of no measurement: %q", got)
	}
}
