package main

import (
	"testing"
	"time"
)

// Looks take a hundredth of a run at most: none of a short one, and dear ones are rarer.
func TestLooksTakeAHundredthOfARun(t *testing.T) {
	for _, c := range []struct {
		looks     int
		spent, of time.Duration
		want      bool
	}{
		{0, 0, 0, false},
		{0, 0, 29 * time.Second, false},
		{0, 0, 30 * time.Second, true},
		{1, 300 * time.Millisecond, 59 * time.Second, false},
		{1, 300 * time.Millisecond, time.Minute, true},
		{1, 2 * time.Second, time.Minute, false},
		{10, 3 * time.Second, 331 * time.Second, true},
	} {
		if got := (&looker{looks: c.looks, spent: c.spent}).due(c.of); got != c.want {
			t.Errorf("after %d looks of %v in all, in %v: %v, want %v", c.looks, c.spent, c.of, got, c.want)
		}
	}
}
