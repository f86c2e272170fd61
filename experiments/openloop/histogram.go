package openloop

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A histogram counts durations from 100 ns to a minute, to three digits. What is shorter
// or longer counts as that.
type histogram struct{ *hdrhistogram.Histogram }

const (
	step    = 100 * time.Nanosecond
	longest = time.Minute
	precise = 3
)

func newHistogram() histogram {
	return histogram{hdrhistogram.New(1, int64(longest/step), precise)}
}

func (h histogram) add(d time.Duration) {
	// Within its limits, which it is cut to, a histogram takes all values.
	_ = h.RecordValue(int64(min(max(d, step), longest) / step))
}

func (h histogram) quantiles() Quantiles {
	if h.TotalCount() == 0 {
		return Quantiles{}
	}
	at := func(percent float64) time.Duration { return time.Duration(h.ValueAtPercentile(percent)) * step }
	return Quantiles{P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: time.Duration(h.Max()) * step}
}
