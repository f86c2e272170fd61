package procpool

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever is taken, given back and dropped: each number of a job that was not
// dropped is handed out, in order but for those given back, and left is right.
func TestTheQueueHandsOutEachNumberOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var jobs []*job
		out := map[*job]map[int]bool{} // handed out and not given back
		var held []lot
		take := func() {
			l := q.take()
			for i := l.first; i < l.first+l.count; i++ {
				if out[l.job][i] || i >= l.job.n || l.job.dropped.Load() {
					t.Fatalf("number %d of %d was handed out wrongly", i, l.job.n)
				}
				out[l.job][i] = true
			}
			held = append(held, l)
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				j := &job{n: rapid.IntRange(1, 20).Draw(t, "n"), chunk: rapid.IntRange(1, 6).Draw(t, "chunk")}
				jobs = append(jobs, j)
				out[j] = map[int]bool{}
				q.add(j)
			},
			"take": func(*rapid.T) {
				if q.left > 0 {
					take()
				}
			},
			"give back": func(t *rapid.T) {
				if len(held) == 0 {
					t.Skip()
				}
				at := rapid.IntRange(0, len(held)-1).Draw(t, "lot")
				l := held[at]
				held = append(held[:at], held[at+1:]...)
				if l.job.dropped.Load() {
					return
				}
				ran := rapid.IntRange(0, l.count-1).Draw(t, "ran")
				l.first, l.count = l.first+ran, l.count-ran
				for i := l.first; i < l.first+l.count; i++ {
					delete(out[l.job], i)
				}
				q.giveBack(l)
			},
			"drop": func(t *rapid.T) {
				if len(jobs) == 0 {
					t.Skip()
				}
				j := rapid.SampledFrom(jobs).Draw(t, "job")
				if lots, _ := j.drop(); j.listed {
					q.left -= lots
				}
				j.dropped.Store(true)
			},
			"": func(t *rapid.T) {
				lots := 0
				for j := q.first; j != nil; j = j.after {
					lots += j.lots()
				}
				if lots != q.left {
					t.Fatalf("%d are left, the queue says %d", lots, q.left)
				}
			},
		})
		for q.left > 0 {
			take()
		}
		for _, j := range jobs {
			if !j.dropped.Load() && len(out[j]) != j.n {
				t.Fatalf("%d of %d numbers were handed out", len(out[j]), j.n)
			}
		}
	})
}

func TestAhead(t *testing.T) {
	for _, c := range []struct {
		left, held, resting int
		want                bool
	}{
		{0, 0, 0, false},
		{1, 0, 1, true},      // one for each worker
		{1, 1, 1, false},     // it is the other's
		{1, 1, 0, true},      // nobody else is free
		{5, 2, 0, false},     // near the end two are enough
		{20, 4, 0, true},     // half of the fair share: 5
		{20, 5, 0, false},    //
		{1000, 15, 0, true},  // the window
		{1000, 16, 0, false}, //
	} {
		q := queue{left: c.left}
		if got := q.ahead(c.held, 16, 2, c.resting); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
