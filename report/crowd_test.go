package report

import (
	"fmt"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/variant"
)

// A crowd that computes is drawn and listed apart from one that waits. Titles say what the
// most do over the fewest, and what there was no room for is told.
func TestCrowdsAreToldApart(t *testing.T) {
	scale := card.Scale{Cores: testCores, Depth: card.Standard}
	text := worldOf(scale, 9, 0, func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		if n, _ := v.Int("workers", 1); v.Get("length") != "" {
			values["ns/op"], values["max-ns"] = 1000, 1e6
			if n == 1_000 && v.Get("model") == "thread" || n >= 10_000 {
				values["ns/op"], values["max-ns"] = 1250, 4e6
			}
		}
		return values
	})
	p := newPage(read(t, "cannot-switching-100000: 100000 threads are too many\n"+text))
	page := p.markdown()
	for _, want := range []string{
		"\n## Thousands of tasks that wait\n", "| sleep/delay=100ms | 1000 | thread |",
		"\n## Thousands of tasks that compute\n", "| primes/length=20us | 100000 | goroutine | 800000 |",
		"- Left out, however long the run: 100000 threads are too many.\n",
	} {
		if strings.Count(page, want) != 1 {
			t.Errorf("the page has %d times %q", strings.Count(page, want), want)
		}
	}
	titles := map[string]string{}
	for _, f := range p.crowdFigures() {
		titles[f.name] = f.title
	}
	for name, form := range map[string]string{
		"crowd-throughput": "Goroutine x 100,000 does %s the work of x 10, thread x 10,000 does %[1]s the work of x 10, process-pool x 100 does 1.00x the work of x 10",
		"crowd-longest":    "The slowest task of goroutine x 100,000 takes %s as long as that of x 10, the slowest task of thread x 10,000 takes %[1]s as long as that of x 10, the slowest task of process-pool x 100 takes 1.00x as long as that of x 10",
	} {
		want := fmt.Sprintf(form, map[string]string{"crowd-throughput": "0.80x", "crowd-longest": "4.0x"}[name])
		if titles[name] != want || !strings.Contains(page, want) {
			t.Errorf("%s: %q, want %q", name, titles[name], want)
		}
	}
}

// A run of the computing crowd alone has an answer.
func TestACrowdThatOnlyComputesHasAnAnswer(t *testing.T) {
	var kept strings.Builder
	for line := range strings.Lines(world(9, 0.002, textbook)) {
		if !strings.HasPrefix(line, "Benchmark") || strings.Contains(line, "length=20us") {
			kept.WriteString(line)
		}
	}
	if got := newPage(read(t, kept.String())).answer; !strings.HasPrefix(got, "Goroutine x 10,000 does ") {
		t.Errorf("%q", got)
	}
}
