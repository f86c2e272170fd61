package choice

import (
	"math"
	"strconv"

	"parcon/experiments/variant"
	"parcon/results"
)

// Experiment is the name under which a result file has the trials: reports list what has it
// beside serial.
const Experiment = "Single"

// Name is that of a variant for a function.
func (x Variant) Name(function string) string {
	return variant.New("workload", function, "model", x.Model, "workers", strconv.Itoa(x.Workers)).String()
}

// Read are the trials among results.
func Read(all []results.Result) (trials []Trial) {
	for _, r := range all {
		v, err := variant.Parse(r.Variant)
		if err != nil || r.Experiment != Experiment {
			continue
		}
		workers, err := v.Int("workers", 0)
		if err != nil || workers < 1 {
			continue
		}
		value := func(unit string) float64 {
			if x, there := r.Values[unit]; there {
				return x
			}
			return math.NaN()
		}
		trials = append(trials, Trial{
			Variant: Variant{v.Get("model"), workers}, Round: r.Round, Failed: r.Failed,
			Delay: value("run-delay-ns/op"),
			Wall:  value("ns/op"), CPU: value("cpu-ns/op"), Took: value("in-flight") * value("ns/op"), Peak: value("peak-rss-bytes"),
			Others: value("others-busy"),
		})
	}
	return trials
}
