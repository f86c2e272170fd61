package report

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parcon/report/advice"
	"parcon/results"
)

// adviceTable is of a command that does three times as much with three workers, and no more
// with more; five fail.
func adviceTable() *Table {
	table := NewTable(Catalogue{})
	table.Setup = append(advice.Setting{Most: 5}.Head(), results.Entry{Key: results.KeyCores, Value: "2"},
		results.Entry{Key: results.KeyCommand, Value: `["sh" "-c" "a ` + "`b`" + `"]`}, results.Entry{Key: results.KeyItems, Value: "7 items"})
	for round := range 15 {
		for w := 1; w <= 5; w++ {
			r := results.Result{Slot: results.Slot{Experiment: advice.Experiment, Variant: advice.Name(w), Round: round, Of: 5}}
			if w == 5 {
				r.Failed = "exit status 1: too many"
			} else {
				r.Values = map[string]float64{"ns/op": 1e8 / min(float64(w), 3), "cpu-ns/op": 1e6, "cores-busy": 0.1, "took-ns": 1e8, "life-ns": 1e9}
			}
			table.Keep(r)
		}
	}
	return table
}

func TestAReportOnACommandSaysHowManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	made, err := Write(adviceTable(), dir)
	if err != nil {
		t.Fatal(err)
	}
	const want = "Run 3 at once: 3.00x as many in a second as one (3.00 to 3.00); 4 bring less than 2 % more; 5 and more fail: exit status 1: too many; "
	if !strings.HasPrefix(made.Answer, want) {
		t.Errorf("%s\nwant %s", made.Answer, want)
	}
	text, err := os.ReadFile(made.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"# How many of a command to run at once\n", "The command `[\"sh\" \"-c\" \"a 'b'\"]` was run for 7 items.", "| 3 | 30.0 | 3.00x (3.00 to 3.00) |",
		"| 5 | – | – | – | – | 15 | 15 |", "charts/advise.png",
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the report lacks %q", part)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "charts", "advise.svg")); err != nil {
		t.Error(err)
	}
}

// What a table holds of the trials is what was kept.
func TestTheTrialsOfAdviceComeBack(t *testing.T) {
	setting, trials := adviceTable().advised()
	if setting.Cores != 2 || setting.Most != 5 || len(trials) != 75 {
		t.Fatalf("%+v, %d trials", setting, len(trials))
	}
	for _, x := range trials {
		if x.Workers == 5 {
			if x.Failed != "exit status 1: too many" {
				t.Errorf("%+v", x)
			}
		} else if got, want := fmt.Sprintf("%.3f", x.Rate), fmt.Sprintf("%.3f", 10*min(float64(x.Workers), 3)); got != want || !math.IsNaN(x.Others) {
			t.Errorf("%+v, want the rate %s", x, want)
		}
	}
	if _, none := NewTable(Catalogue{}).advised(); len(none) > 0 {
		t.Errorf("%v", none)
	}
}
