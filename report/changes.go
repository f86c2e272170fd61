package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/perf/benchunit"

	"parcon/experiments/number"
	"parcon/report/stat"
)

// Better is which way a unit gets better.
type Better struct{ More bool }

func (b Better) String() string {
	if b.More {
		return "higher"
	}
	return "lower"
}

// betterOf is what the files say of the unit in a line "Unit ... better=higher". Of
// a rate more is better, of all else less, if they do not say. The new file has the last
// word; sayOfSides tells where the other had another.
func betterOf(old, new *Side) Better {
	for _, s := range []*Side{new, old} {
		if m := s.units.Get(s.unit, "better"); m != nil && (m.Value == "higher" || m.Value == "lower") {
			return Better{m.Value == "higher"}
		}
	}
	return Better{isRate(old.unit)}
}

// exactly says whether a file has it that measuring again gives the same.
func exactly(old, new *Side) bool {
	return slices.ContainsFunc([]*Side{old, new}, func(s *Side) bool {
		m := s.units.Get(s.unit, "assume")
		return m != nil && m.Value == "exact"
	})
}

var rateUnit = regexp.MustCompile(`/(s|sec|second)$`)

// isRate says whether a unit counts something in a second.
func isRate(unit string) bool { return rateUnit.MatchString(unit) }

// IsTime says whether a unit, as benchunit tidies it, counts seconds.
func IsTime(unit string) bool {
	_, tidy := benchunit.Tidy(1, unit)
	counted, _, _ := strings.Cut(tidy, "/")
	return slices.Contains(strings.Split(counted, "-"), "sec")
}

// words are what a lower and a higher value of a unit mean.
func words(unit string) (lower, higher string) {
	switch {
	case isRate(unit):
		return "slower", "faster"
	case IsTime(unit):
		return "faster", "slower"
	}
	return "less", "more"
}

// Worsening is the factor by which a row got worse; below 1 it got better.
func (r Change) Worsening(better Better) stat.Interval {
	i := r.Ratio
	if better.More {
		return stat.Interval{Estimate: 1 / i.Estimate, Low: 1 / i.High, High: 1 / i.Low, N: i.N}
	}
	return i
}

// Worse lists the rows that surely got worse by more than the threshold, the
// worst first.
func (c Changes) Worse() []Change {
	var worse []Change
	for _, r := range c.Rows {
		if r.Worse {
			worse = append(worse, r)
		}
	}
	slices.SortStableFunc(worse, func(a, b Change) int {
		return cmp.Compare(b.Worsening(c.Better).Estimate, a.Worsening(c.Better).Estimate)
	})
	return worse
}

// Summary is the outcome in one line: "3 benchmarks: 1 slower, 2 equal within
// 1 %".
func (c Changes) Summary() string {
	better, worse := words(c.Unit)
	if c.Better.More {
		better, worse = worse, better
	}
	counts := map[string]int{}
	for _, r := range c.Rows {
		counts[r.Verdict]++
	}
	var parts []string
	for _, verdict := range []string{worse, better, string(ChangedShape), string(Equal), string(NotTold), string(NoneToTell)} {
		n := counts[verdict]
		if n == 0 {
			continue
		}
		part := fmt.Sprintf("%d %s", n, verdict)
		if verdict == string(Equal) {
			part += fmt.Sprintf(" within %s", Percent(1+c.Question.Margin))
		}
		parts = append(parts, part)
	}
	text := fmt.Sprintf("%s: %s", number.Plural(len(c.Rows), "benchmark"), strings.Join(parts, ", "))
	switch beyond := c.Worse(); {
	case len(beyond) > 0:
		text += "; " + c.worst(beyond[0], worse)
	case counts[worse] > 0:
		text += fmt.Sprintf(", none of them surely by more than %s", Percent(1+c.Question.Threshold))
	}
	return text
}

// worst says how much worse the worst row is.
func (c Changes) worst(r Change, word string) string {
	switch i := r.Worsening(c.Better); {
	case r.Difference == ChangedShape:
		return r.Name + " is the worst: its middle stayed, but more of its samples are " + word
	case !i.Known():
		return r.Name + " is the worst: " + word + ", beyond any ratio"
	default:
		return fmt.Sprintf("%s is the worst: %s by %s (%s to %s)", r.Name, word, Percent(i.Estimate), Percent(i.Low), Percent(i.High))
	}
}

// Percent writes by how much a factor differs from 1: "4.2 %".
func Percent(factor float64) string {
	switch p := math.Abs(100 * (factor - 1)); {
	case math.IsNaN(p) || math.IsInf(p, 0):
		return "none"
	case p >= 99.95:
		return fmt.Sprintf("%.0f %%", p)
	case p >= 0.995 || p == 0:
		return strings.Replace(fmt.Sprintf("%.1f %%", p), ".0 ", " ", 1)
	default:
		return fmt.Sprintf("%.2f %%", p)
	}
}

// MarshalJSON writes the changes for programs. Numbers that do not exist are
// null, and what is a share (margin, threshold, visible) is no percentage.
func (c Changes) MarshalJSON() ([]byte, error) {
	type row struct {
		Name    string   `json:"name"`
		Old     *float64 `json:"old"`
		New     *float64 `json:"new"`
		Ratio   *float64 `json:"ratio"`
		Low     *float64 `json:"low"`
		High    *float64 `json:"high"`
		Verdict string   `json:"verdict"`
		P       *float64 `json:"p"`
		PShape  *float64 `json:"p_shape"`
		Visible *float64 `json:"visible"`
		NOld    int      `json:"n_old"`
		NNew    int      `json:"n_new"`
	}
	rows := make([]row, len(c.Rows))
	for i, r := range c.Rows {
		rows[i] = row{r.Name, number.Finite(r.Old), number.Finite(r.New), number.Finite(r.Ratio.Estimate), number.Finite(r.Ratio.Low), number.Finite(r.Ratio.High), r.Verdict, number.Finite(r.P), number.Finite(r.PShape), number.Finite(r.Visible - 1), r.NOld, r.NNew}
		if r.Ratio.Low == 0 && math.IsInf(r.Ratio.High, 1) {
			rows[i].Low, rows[i].High = nil, nil // it is open
		}
	}
	text, err := json.Marshal(struct {
		Old       string   `json:"old"`
		New       string   `json:"new"`
		Unit      string   `json:"unit"`
		Better    string   `json:"better"`
		Margin    float64  `json:"margin"`
		Threshold float64  `json:"threshold"`
		Paired    bool     `json:"paired"`
		Rows      []row    `json:"rows"`
		OnlyOld   []string `json:"only_old"`
		OnlyNew   []string `json:"only_new"`
		Notes     []string `json:"notes"`
		Worse     bool     `json:"worse"`
	}{
		c.Old, c.New, c.Unit, c.Better.String(), c.Question.Margin, c.Question.Threshold, c.Question.Paired, rows,
		notNil(c.OnlyOld), notNil(c.OnlyNew), notNil(c.Notes), len(c.Worse()) > 0,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the changes: %w", err)
	}
	return text, nil
}

// notNil makes JSON's [] of no strings.
func notNil(all []string) []string { return append([]string{}, all...) }
