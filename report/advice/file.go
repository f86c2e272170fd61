package advice

import (
	"fmt"
	"math"
	"strconv"

	"parcon/experiments/variant"
	"parcon/results"
)

// Experiment is the name under which a result file has the trials.
const Experiment = "Advise"

// Name is that of a variant: so many workers that each run the command in a new process. One
// is the serial baseline that reports compare with.
func Name(workers int) string {
	model := "process"
	if workers == 1 {
		model = "serial"
	}
	return variant.New("workload", "command", "model", model, "workers", strconv.Itoa(workers)).String()
}

// Head is a setting as the head of a result file has it.
func (s Setting) Head() results.Setup {
	return results.Setup{
		{Key: results.KeyAtMost, Value: strconv.Itoa(s.Most)},
		{Key: results.KeyMayTake, Value: fmt.Sprintf("%.0f", s.Memory)},
		{Key: results.KeyTakes, Value: fmt.Sprintf("%.0f", s.PerWorker)},
	}
}

// ReadSetting reads it; what is not told is not known.
func ReadSetting(head results.Setup) Setting {
	number := func(key string) float64 {
		x, err := strconv.ParseFloat(head.Get(key), 64)
		if err != nil || !(x >= 0 && x <= math.MaxInt32*1e9) {
			return 0
		}
		return x
	}
	s := Setting{Cores: number(results.KeyCores), Memory: number(results.KeyMayTake), PerWorker: number(results.KeyTakes)}
	s.Cores, s.Most = max(1, s.Cores), int(max(1, min(number(results.KeyAtMost), 1e6)))
	return s
}

// Read is the trial of a result; known is false if it is none of advice.
func Read(r results.Result) (t Trial, known bool) {
	v, err := variant.Parse(r.Variant)
	if err != nil || r.Experiment != Experiment {
		return Trial{}, false
	}
	workers, err := v.Int("workers", 0)
	if err != nil || workers < 1 {
		return Trial{}, false
	}
	value := func(unit string) float64 {
		if x, there := r.Values[unit]; there {
			return x
		}
		return math.NaN()
	}
	return Trial{
		Round: r.Round, Workers: workers, Failed: r.Failed,
		Rate: 1e9 / value("ns/op"), Busy: value("cores-busy"), Others: value("others-busy"),
		CPU: value("cpu-ns/op") / 1e9, Delay: value("run-delay-ns/op") / 1e9, Took: value("took-ns") / 1e9,
		IO: value("pressure-io-ns") / value("life-ns"), Peak: value("peak-rss-bytes"), Left: value("left/op"),
	}, true
}

// ReadAll are the trials among results.
func ReadAll(all []results.Result) (trials []Trial) {
	for _, r := range all {
		if t, known := Read(r); known {
			trials = append(trials, t)
		}
	}
	return trials
}
