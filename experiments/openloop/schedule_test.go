package openloop

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Requests come at even distances, and their number over the time is the rate.
func TestSchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Schedule{Rate: rapid.Float64Range(0.1, mostRate).Draw(t, "rate"), Requests: rapid.IntRange(2, 1_000_000).Draw(t, "requests")}
		if err := s.check(); err != nil {
			t.Fatal(err)
		}
		n := rapid.IntRange(1, s.Requests-1).Draw(t, "n")
		if s.Due(0) != 0 || s.Due(n) < s.Due(n-1) || s.Due(n) > s.Length() {
			t.Fatalf("due at %v, then at %v of %v", s.Due(n-1), s.Due(n), s.Length())
		}
		distance := time.Duration(float64(time.Second) / s.Rate)
		if got := s.Due(n) - s.Due(n-1); got < distance-2 || got > distance+2 {
			t.Fatalf("distance %v, want %v", got, distance)
		}
		if spin := s.spin(); spin < 0 || spin > distance/4+1 || spin > 60*time.Microsecond {
			t.Fatalf("spins for %v of %v", spin, distance)
		}
	})
}

func TestWrongSchedules(t *testing.T) {
	for _, s := range []Schedule{{0, 1}, {-1, 1}, {1, 0}, {2 * mostRate, 1}, {1, mostRequests + 1}} {
		if s.check() == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}

func TestLagged(t *testing.T) {
	fine := Result{Offered: 1000, Sent: 1001, Answered: 1, Latency: Quantiles{P50: 1000}, Late: Quantiles{P50: 99}}
	slow, fast, late, nan := fine, fine, fine, fine
	slow.Sent, fast.Sent, late.Late.P50, nan.Sent = 980, 1020, 101, 0
	nan.Offered = 0
	for _, r := range []Result{slow, fast, late, nan} {
		if !r.Lagged() {
			t.Errorf("%+v is taken for true", r)
		}
	}
	if fine.Lagged() {
		t.Errorf("%+v has lagged", fine)
	}
}

// Quantiles are those of the values, to a thousandth.
func TestQuantiles(t *testing.T) {
	h := newHistogram()
	if h.quantiles() != (Quantiles{}) {
		t.Error("quantiles of nothing")
	}
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	q := h.quantiles()
	for want, got := range map[time.Duration]time.Duration{500 * time.Millisecond: q.P50, 900 * time.Millisecond: q.P90, 990 * time.Millisecond: q.P99, 999 * time.Millisecond: q.P999, time.Second: q.Max} {
		if off := float64(got)/float64(want) - 1; off > 0.002 || off < -0.002 {
			t.Errorf("%v, want %v", got, want)
		}
	}
	h.add(time.Hour)
	h.add(-time.Hour)
	if h.TotalCount() != 1002 {
		t.Error("a value beyond the ends is lost")
	}
}
