package section_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parcon/experiments/number"
	"parcon/experiments/section"
	"parcon/experiments/variant"
)

// made is a source of made-up numbers: every variant has the value of its key ns, and
// has counted in all of 100 tries, but those of the unit "rare" in one.
type made struct{}

func (made) Center(v variant.Variant, _ string) number.Interval {
	n, err := v.Int("ns", 0)
	if err != nil || n == 0 {
		return number.Interval{}
	}
	return number.Interval{Estimate: float64(n), Low: float64(n) - 1, High: float64(n) + 1, N: 9}
}

func (m made) Ratio(of variant.Variant, unit string, over variant.Variant, than string) number.Interval {
	a, b := m.Center(of, unit), m.Center(over, than)
	if a.N == 0 || b.N == 0 {
		return number.Interval{}
	}
	q := a.Estimate / b.Estimate
	return number.Interval{Estimate: q, Low: 0.9 * q, High: 1.1 * q, N: 9}
}

func (made) Counts(v variant.Variant, unit string) (counted, tries []float64) {
	if len(v.String()) == 0 {
		return nil, nil
	}
	if unit == "rare" && v.Get("unit") == "thread" {
		return []float64{1}, []float64{100}
	}
	return []float64{100}, []float64{100}
}

func (made) Occurrence(variant.Variant, string) string { return "100 of 100" }
func (made) Most(variant.Variant, string) float64      { return 3 }
func (made) Busy(variant.Variant) number.Interval      { return number.Interval{} }
func (made) Word(_, value string) string               { return strings.ToUpper(value) }
func (made) Label(key, value string) string            { return key + " " + value }
func (made) Compare(_, a, b string) int                { return strings.Compare(a, b) }
func (m made) Card(string) section.Samples             { return section.Samples{Source: m} }
func samples(names ...string) (s section.Samples) {
	s = section.Samples{Source: made{}, Cores: 2, Interval: "95 % interval", On: "2 cores"}
	for _, name := range names {
		v, err := variant.Parse(name)
		if err != nil {
			panic(err)
		}
		s.Variants = append(s.Variants, v)
	}
	return s
}

func Example() {
	one := section.Section{
		Topic: "Waking up", Claims: []string{"X1"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Compared("ns/op", "a process takes %s the time of a thread", section.Pick{"unit", "process"}, section.Pick{"unit", "thread"}),
			},
			Columns: []section.Column{
				section.Under("unit", section.Value("unit")),
				section.Under("time", section.Span("ns/op")),
			},
		},
	}
	shown := one.Form.Show(samples("unit=process/ns=3000", "unit=thread/ns=1000"))
	fmt.Println(shown.Finding)
	fmt.Println(shown.Head)
	for _, row := range shown.Rows {
		fmt.Println(row)
	}
	// Output:
	// A process takes 3.00x (2.70 to 3.30) the time of a thread
	// [unit time]
	// [PROCESS 3.00 µs (3.00 µs to 3.00 µs)]
	// [THREAD 1.00 µs (999 ns to 1.00 µs)]
}

// Variants that say the same are one row; where a try failed each has its own.
func TestAlike(t *testing.T) {
	s := samples("unit=process/n=1", "unit=process/n=2", "unit=thread/n=1", "unit=thread/n=2")
	table := section.Table{
		Rows:    section.Alike("unit", "rare"),
		Columns: []section.Column{section.Under("", section.Value("n")), section.Under("", section.Count("rare"))},
	}
	var got []string
	for _, row := range table.Show(s).Rows {
		got = append(got, strings.Join(row, ": "))
	}
	if want := []string{"1, 2: 200 of 200", "1: 1 of 100 (1 %)", "2: 1 of 100 (1 %)"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A row is a combination of values that some variant has, and a panel a value of
// another key; where the two have no variant nothing is drawn.
func TestDots(t *testing.T) {
	s := samples("way=all/chunk=2/on=x/ns=4", "way=all/chunk=1/on=x/ns=3", "way=one/on=x/ns=2", "way=one/on=y/ns=1", "way=one/on=z")
	d := section.Dots{Rows: []string{"way", "chunk"}, Across: "on", Panels: []section.Panel{{Title: " of it", Value: section.Center("ns/op")}}}
	f := d.Show(s).Figure
	if want := []string{"way all, chunk 1", "way all, chunk 2", "way one"}; !slices.Equal(f.Rows, want) {
		t.Errorf("rows %q, want %q", f.Rows, want)
	}
	want := map[string][]float64{"X of it": {3, 4, 2}, "Y of it": {0, 0, 1}, "Z of it": {0, 0, 0}}
	for _, p := range f.Panels {
		var values []float64
		for _, i := range p.Values {
			values = append(values, i.Estimate)
		}
		if !slices.Equal(values, want[p.Title]) || !p.Shared {
			t.Errorf("%s has %v, want %v", p.Title, values, want[p.Title])
		}
	}
	if nothing := d.Show(samples("way=one/on=z")); !nothing.Empty() {
		t.Errorf("of nothing there is %+v", nothing)
	}
}

func TestCurves(t *testing.T) {
	c := section.Curves{Lines: "way", Over: "workers", Value: section.PerSecond}
	f := c.Show(samples("way=a/workers=1/ns=1000", "way=a/workers=2/ns=500", "way=b/workers=many/ns=7", "way=b/workers=2")).Figure
	if len(f.Curves) != 2 || !slices.Equal(f.Curves[0].X, []float64{1, 2}) || f.Curves[0].Y[1].Estimate != 2e6 || len(f.Curves[1].X) != 0 {
		t.Errorf("%+v", f.Curves)
	}
	if nothing := c.Show(samples()); !nothing.Empty() {
		t.Errorf("of nothing there is %+v", nothing)
	}
}

// What was not measured leaves no trace in a sentence.
func TestClauses(t *testing.T) {
	process, thread := section.Pick{"unit", "process"}, section.Pick{"unit", "thread"}
	first := section.Folded("ns/op", "first %s", process, thread)
	second := section.Folded("ns/op", "second %s", thread, process)
	counted := section.Counted("rare", "counted %s", thread...)
	all, none, some := samples("unit=process/ns=400", "unit=thread/ns=10"), samples(), samples("unit=thread/ns=10")
	for _, c := range []struct {
		s    section.Samples
		of   []section.Clause
		want string
	}{
		{all, []section.Clause{first, second}, "First 40x; second 0.025x"},
		{all, []section.Clause{section.List(first, second)}, "First 40x, second 0.025x"},
		{all, []section.Clause{section.Lean(first, counted)}, "First 40x, counted 1 of 100 (1 %)"},
		{some, []section.Clause{section.Lean(first, counted)}, ""},
		{some, []section.Clause{section.List(first, counted)}, "Counted 1 of 100 (1 %)"},
		{none, []section.Clause{first, second, counted}, ""},
	} {
		if got := section.Say(c.s, c.of...); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestFill(t *testing.T) {
	if got := samples().Fill("{workers}, {goroutines} on {cores}, {interval}s {x}"); got != "2 workers, 2 goroutines on 2 cores, 95 % intervals {x}" {
		t.Error(got)
	}
}

func TestTotals(t *testing.T) {
	for got, want := range map[string]string{
		section.Total{}.String():                                                          "–",
		section.Total{}.In("%s"):                                                          "",
		section.Total{Tries: 7}.String():                                                  "0 of 7",
		section.Total{Count: 7, Tries: 7}.String():                                        "7 of 7",
		section.Total{Count: 2, Tries: 5e3}.String():                                      "2 of 5,000 (0.040 %)",
		section.Total{Count: 1, Tries: 1e6}.In("in %s"):                                   "in 1 of 1,000,000 (0.0001 %)",
		section.Total{Tries: 7}.Share():                                                   "none",
		section.Total{Count: 7999, Tries: 8000}.Share():                                   "over 99.9 %",
		section.Total{Count: 9, Tries: 8}.Share():                                         "100 %",
		section.Total{Count: 1, Tries: 3}.Plus(section.Total{Count: 1, Tries: 1}).Plain(): "2 of 4",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
