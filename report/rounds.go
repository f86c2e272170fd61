package report

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// A Cut is a round that was interrupted, and how many trials it lost by that:
// what ran beside what is by chance then, so none of its trials counts.
type Cut struct {
	Experiment    string
	Round, Trials int
}

type ratioKey struct {
	experiment, of, over, unit string
}

// cutRounds takes out the rounds that have fewer trials than the file says. A file without that line, of go test for one, has no such rounds.
func (t *Table) cutRounds() {
	paused := map[string]map[int]bool{}
	for key := range t.due {
		if paused[key.experiment] == nil {
			paused[key.experiment] = t.resumed(key.experiment)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(t.lines), roundKey.compare) {
		if t.lines[key] >= t.due[key] && !paused[key.experiment][key.round] {
			continue
		}
		t.Cut = append(t.Cut, Cut{strings.ToLower(key.experiment), key.round, t.lines[key]})
		for _, name := range t.names {
			if strings.HasPrefix(name, key.experiment+"/") {
				t.series[name].drop(key.round)
			}
		}
	}
	t.names = slices.DeleteFunc(t.names, func(name string) bool {
		empty := len(t.series[name].rounds) == 0
		if empty {
			delete(t.series, name)
		}
		return empty
	})
}

// pause is how long nothing may run within a round. Between two trials of a run
// lie milliseconds; a run that was stopped and resumed has been away for longer.
const pause = 10 * time.Second

// resumed finds the rounds of an experiment that were not measured in one sitting.
// Files of older runs do not tell their sittings; a pause must do there.
func (t *Table) resumed(experiment string) map[int]bool {
	unit := t.unit("sitting")
	first, found, told := map[int32]float64{}, map[int]bool{}, false
	for _, name := range t.names {
		if !strings.HasPrefix(name, experiment+"/") {
			continue
		}
		s := t.series[name]
		for i, round := range s.rounds {
			sitting := s.at(unit, i)
			if math.IsNaN(sitting) {
				continue
			}
			told = true
			if was, seen := first[round]; seen && was != sitting {
				found[int(round)] = true
			}
			first[round] = sitting
		}
	}
	if !told {
		return t.paused(experiment)
	}
	return found
}

// paused finds the rounds of an experiment that were interrupted and whose rest
// was measured later. Where a trial failed nothing is known of how long that
// took, so such a round is taken as whole.
func (t *Table) paused(experiment string) map[int]bool {
	type life struct {
		round      int32
		start, end float64
	}
	var lives []life
	start, long := t.unit("start-unix-s"), t.unit("life-ns")
	for _, name := range t.names {
		if !strings.HasPrefix(name, experiment+"/") {
			continue
		}
		s := t.series[name]
		for i, round := range s.rounds {
			if at, lived := s.at(start, i), s.at(long, i); !math.IsNaN(at) && !math.IsNaN(lived) {
				lives = append(lives, life{round, at, at + lived/1e9})
			}
		}
	}
	slices.SortFunc(lives, func(a, b life) int {
		return cmp.Or(cmp.Compare(a.round, b.round), cmp.Compare(a.start, b.start))
	})
	found := map[int]bool{}
	for i := 1; i < len(lives); i++ {
		if a, b := lives[i-1], lives[i]; a.round == b.round && b.start-a.end > pause.Seconds() {
			found[int(b.round)] = true
		}
	}
	for _, f := range t.Failed {
		if f.Experiment == experiment {
			delete(found, f.Round)
		}
	}
	return found
}

func (k roundKey) compare(l roundKey) int {
	return cmp.Or(cmp.Compare(k.experiment, l.experiment), cmp.Compare(k.round, l.round))
}
