package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/number"
)

// shorter are the lengths of tasks that compute only which a table of choices has besides.
var shorter = []time.Duration{200 * time.Microsecond, 20 * time.Microsecond}

// choices is a table of what to use when, by CPU share and length of a task.
func (p page) choices(w *strings.Builder) {
	var rows [][]string
	measured := ""
	add := func(work Work, what string) (c Choice, ok bool) {
		c, err := Which(p.table, work)
		if err != nil {
			return c, false
		}
		rows = append(rows, []string{what, c.Best.use(), c.Best.Gain.In(number.Times), dash(c.names(IsAsGood)), dash(c.names(IsOpen)), dash(c.names(IsUnknown))})
		return c, true
	}
	for _, share := range p.shares() {
		if c, ok := add(Work{Share: float64(share) / 100}, fmt.Sprintf("computes %d %% of its time", share)); ok && c.Measured > 0 {
			measured = fmt.Sprintf(" Tasks take %v; for shorter ones the time to hand one over, measured apart, is added.", c.Measured)
		}
	}
	if slices.Contains(p.shares(), 100) && slices.ContainsFunc(p.measured, func(c card.Chapter) bool { return c.Name == "costs" }) {
		for _, length := range shorter {
			add(Work{Share: 1, Length: length}, fmt.Sprintf("only computes, for %v", length))
		}
	}
	if len(rows) == 0 {
		return
	}
	table(w, []string{"a task that", "use", "work over serial code", "as good", "not told apart", "not measured"}, rows)
	fmt.Fprintf(w, "All have %d workers here. Of those as good, within 10 %%, the first of these is named: %s. What is not told apart may be better or worse; all others are behind.%s `parcon which --cpu-share 30%% --task 2ms` answers for others.\n\n",
		p.many(), strings.Join(rivals, ", "), measured)
}

// use names a model as one uses it.
func (r Rival) use() string {
	if r.Model == "serial" {
		return "serial code"
	}
	return fmt.Sprintf("%s, %s", r.Model, number.Plural(r.Workers, "worker"))
}

// names are the models in a place.
func (c Choice) names(p Place) string {
	var all []string
	for _, r := range c.Rivals {
		if r.Place == p {
			all = append(all, r.Model)
		}
	}
	return strings.Join(all, ", ")
}

func dash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}
