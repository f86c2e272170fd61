package report

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/forecast"
	"parcon/experiments/section"
)

// fleet is a card of tasks that wait, compute or do nothing.
var fleet = card.Card{
	Name:  "pool",
	Units: []string{"queue-cpu-ns/op", "master-cpu-ns/op", "worker-cpu-ns/op"},
	Sections: section.Forecast{
		Of: section.Pick{"by", "queue"},
		Tasks: []section.ForecastTask{
			{Name: "empty tasks", Of: section.Pick{"task", "none"}},
			{Name: "1 ms of computing", Of: section.Pick{"task", "compute"}},
			{Name: "2 ms of waiting", Of: section.Pick{"task", "wait"}, Waits: true},
		},
		Queue: "queue-cpu-ns/op", Master: "master-cpu-ns/op", Worker: "worker-cpu-ns/op",
		Hop: 100 * time.Microsecond,
	}.Sections,
}

// fleetFile is what such tasks take on a machine that is as the forecast thinks, but for a
// factor. Those that wait cost the queue more, as they come one by one.
func fleetFile(t testing.TB, workers []int, factor func(work string, workers int) float64) string {
	random := rand.New(rand.NewPCG(3, 4))
	noisy := func(v float64) float64 { return v * math.Exp(0.01*random.NormFloat64()) }
	var w strings.Builder
	fmt.Fprintf(&w, "goos: linux\ncores: %d\nseed: 1\n\n", testCores)
	for round := range 12 {
		for _, task := range []struct {
			name string
			forecast.System
		}{
			{"none", forecast.System{Worker: 9e3}},
			{"compute", forecast.System{Worker: 10e3, Length: 1e6}},
			{"wait", forecast.System{Worker: 12e3, Length: 2e6, Waits: true}},
		} {
			for _, n := range workers {
				s := task.System
				s.Queue, s.Master, s.Prefetch, s.Streams, s.Workers, s.Cores = 15e3, 2e3, 65, 1, n, testCores
				if s.Waits {
					s.Queue, s.Master = 150e3, 40e3
				}
				full, err := s.Capacity(7)
				if err != nil {
					t.Fatal(err)
				}
				worker := s.Worker
				if !s.Waits {
					worker += s.Length
				}
				fmt.Fprintf(&w, "BenchmarkCluster/mechanism=pool/by=queue/task=%s/workers=%d/prefetch=64/store=memory 1000 %g ns/op %g queue-cpu-ns/op %g master-cpu-ns/op %g worker-cpu-ns/op %d round\n",
					task.name, n, noisy(1e9/full.Throughput)*factor(task.name, n), noisy(s.Queue), noisy(s.Master), noisy(worker), round)
			}
		}
	}
	return w.String()
}

// fleetPage is what a report says of a file with that card.
func fleetPage(t testing.TB, text string) page {
	t.Helper()
	c := Catalogue{Chapters: []card.Chapter{{Name: "cluster", Title: "Many machines", Cards: []card.Card{fleet}}}}
	table, err := Read(strings.NewReader(text), "test", c)
	if err != nil || len(table.Bad) > 0 {
		t.Fatalf("reading a simulated file: %v, %v", err, table.Bad)
	}
	return newPage(table)
}

func exact(string, int) float64 { return 1 }

// fleetParts are those of the only chapter, by topic.
func fleetParts(t testing.TB, text string) map[string]part {
	t.Helper()
	all := map[string]part{}
	for _, c := range fleetPage(t, text).chapters {
		for _, s := range c.parts {
			all[s.topic] = s
		}
	}
	return all
}

const (
	checkTopic = "How well a forecast from one worker foretells more"
	waitTopic  = "More workers than a machine holds: 2 ms of waiting"
)

// CHARTS=/tmp/charts go test ./report -run Forecast keeps the pictures for a look.
func TestForecastOfAMachineAsItThinks(t *testing.T) {
	all := fleetParts(t, fleetFile(t, []int{1, 2, 4, 8}, exact))
	check := all[checkTopic]
	if len(check.rows) != 12 || !strings.HasSuffix(check.finding, " at most, at 12 points") || strings.Contains(check.note, "Nothing") {
		t.Errorf("%s: %q, %s", check.finding, check.rows, check.note)
	}
	for _, row := range check.rows {
		var miss float64
		if _, err := fmt.Sscanf(row[4], "%g %%", &miss); err != nil || math.Abs(miss) > 3 {
			t.Errorf("%q", row)
		}
	}
	for topic, want := range map[string]string{
		"More workers than a machine holds: empty tasks":       "Empty tasks: one stream carries 66.7k tasks/s, and 10 workers fill it; 16 carry 500k, then the master is full",
		"More workers than a machine holds: 1 ms of computing": "1 ms of computing: one stream carries 66.7k tasks/s, enough for 67 workers; 16 carry 500k, then the master is full",
		waitTopic: "2 ms of waiting: one stream carries 6.71k to 66.7k tasks/s, enough for 14 to 130 workers; 16 carry up to 500k, then the master is full",
	} {
		p := all[topic]
		if p.finding != want || len(p.finding) > 135 || p.figure.Figure == nil || len(p.rows) != 5 {
			t.Errorf("%s: %s, %q", topic, p.finding, p.rows)
			continue
		}
		if dir := os.Getenv("CHARTS"); dir != "" {
			if err := p.figure.Save(dir, p.figure.name); err != nil {
				t.Error(err)
			}
		}
	}
	rows := all[waitTopic].rows
	if rows[0][0] != "10" || !strings.HasSuffix(rows[0][1], ", workers") || rows[0][3] != "–" ||
		!strings.HasSuffix(rows[1][1], ", workers") || !strings.HasSuffix(rows[2][1], ", queue") ||
		rows[4][0] != "100,000" || !strings.HasSuffix(rows[4][2], ", queue") || !strings.HasSuffix(rows[4][3], ", master") {
		t.Errorf("%q", rows)
	}
	for _, want := range []string{"with it for 2.02 ms, of which it computes 12.0 µs", "cost the server 149 µs", "up to 64 tasks ahead", "100 µs on its way", "Foretold, not measured."} {
		if !strings.Contains(all[waitTopic].note, want) {
			t.Errorf("%q is not in %s", want, all[waitTopic].note)
		}
	}
}

// Where the forecast cannot be checked, or fails, it is not given.
func TestForecastDeclines(t *testing.T) {
	slow := func(work string, workers int) float64 {
		if workers == 8 && work == "wait" {
			return 1.25
		}
		return 1
	}
	without := func(text, unit string) string {
		return regexp.MustCompile(`[\d.e+]+ `+unit+` `).ReplaceAllString(text, "")
	}
	usual := fleetFile(t, []int{1, 2, 4, 8}, exact)
	grid := strings.ReplaceAll(usual, "Cluster/mechanism=pool/", "Cluster/")
	if got, want := fleetParts(t, grid)[waitTopic].finding, fleetParts(t, usual)[waitTopic].finding; got != want || got == "" {
		t.Errorf("%q of variants of the grid, %q of those of the card", got, want)
	}
	for name, c := range map[string]struct {
		text string
		why  string
		rows int // of the check
		none bool
	}{
		"missed":        {fleetFile(t, []int{1, 2, 4, 8}, slow), "2 ms of waiting (at 8 workers it misses what was measured by 2", 12, false},
		"no one worker": {fleetFile(t, []int{2, 4}, exact), "2 ms of waiting (one worker was not measured", 6, true},
		"one alone":     {fleetFile(t, []int{1}, exact), "2 ms of waiting (only one worker was measured", 3, true},
		"no costs":      {without(usual, "queue-cpu-ns/op"), "any task (what empty tasks cost was not measured", 12, true},
	} {
		all := fleetParts(t, c.text)
		check := all[checkTopic]
		if len(check.rows) != c.rows || !strings.Contains(check.note, c.why) || strings.Contains(check.finding, "point") == c.none {
			t.Errorf("%s: %s: %q, %s", name, check.finding, check.rows, check.note)
		}
		if _, there := all[waitTopic]; there || c.none && len(all) != 1 || !c.none && len(all) != 3 {
			t.Errorf("%s: a forecast was made: %d parts", name, len(all))
		}
	}
	if all := fleetParts(t, "cores: 2\n\nBenchmarkCluster/mechanism=pool 1 1 ns/op 0 round\n"); len(all) != 0 {
		t.Errorf("of nothing there are %d parts", len(all))
	}
}
