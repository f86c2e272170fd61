package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/variant"
)

// on is a world on a host.
func on(host, text string) string {
	return strings.Replace(text, "goos: linux\n", "goos: linux\nhost: "+host+"\ncpu: Z80\n", 1)
}

// hungry is a machine like that of the textbook, but for an event loop that needs more
// memory than threads: P8 is refuted there.
func hungry(v variant.Variant) map[string]float64 {
	values := textbook(v)
	if v.Get("model") == "loop" && values["peak-rss-bytes"] > 0 {
		values["peak-rss-bytes"] = 9e8
	}
	return values
}

// side by side, two machines of which one refutes what holds on the other, and a third
// that measured little.
func threeMachines(t testing.TB) together {
	small := only(everything(3, textbook), "Compute/")
	return togetherOf([]Run{
		{"runs/a", read(t, on("a", world(40, 0.01, textbook)))},
		{"runs/b", read(t, on("b", world(40, 0.01, hungry)))},
		{"runs/c", read(t, on("c", small))},
	})
}

func TestMachinesAreToldApart(t *testing.T) {
	all := threeMachines(t)
	if !strings.Contains(all.answer, " differs: P8") {
		t.Errorf("the answer is %q", all.answer)
	}
	first := all.standings[0]
	if got := fmt.Sprint(first.ID, first.Verdicts); got != "P8[holds refuted not asked]" {
		t.Errorf("first stands %s", got)
	}
	page := all.markdown()
	for _, want := range []string{
		"| P8 | One event-driven thread", "| differs | **holds** | **refuted** | not asked |", "## Where they differ", "| a | a | Z80 | 2 |",
		"](charts/speedup-primes.png)",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "NaN") {
		t.Error("the page holds NaN")
	}
	if strings.Index(page, "Where they differ") > strings.Index(page, "Which claims hold where") {
		t.Error("what differs does not stand first")
	}
}

func TestTwoRunsOfOneHostAreRuns(t *testing.T) {
	text := on("a", world(40, 0.01, textbook))
	all := togetherOf([]Run{{"x/old", read(t, text)}, {"x/new", read(t, text)}})
	if !strings.Contains(all.answer, " hold in both runs, ") {
		t.Errorf("the answer is %q", all.answer)
	}
	if strings.Contains(all.answer, "differs:") {
		t.Errorf("a run differs from itself: %q", all.answer)
	}
	if page := all.markdown(); !strings.Contains(page, "a (old)") || !strings.Contains(page, "a (new)") {
		t.Error("the runs are not told apart")
	}
}

// What a run's version of the catalogue did not have was not asked of it; what it had and
// did not come to was not measured.
func TestWhatAVersionLacksIsNotAsked(t *testing.T) {
	without := func(v variant.Variant) map[string]float64 {
		if v.Get("model") == "loop" {
			return nil
		}
		return textbook(v)
	}
	text := on("b", world(3, 0.01, without))
	verdict := func(text string) Verdict {
		all := togetherOf([]Run{{"a", read(t, on("a", world(3, 0.01, textbook)))}, {"b", read(t, text)}})
		for _, s := range all.standings {
			if s.ID == "P8" {
				return s.Verdicts[1]
			}
		}
		return ""
	}
	chapter := chapterOf("P8")[0].Name
	if got := verdict(strings.Replace(text, "seed: 1", "seed: 1\nclaims: "+chapter+":0123456789abcdef", 1)); got != NotAsked {
		t.Errorf("of other claims P8 is %q", got)
	}
	same := fingerprintOf(chapter)
	if got := verdict(strings.Replace(text, "seed: 1", "seed: 1\nclaims: "+chapter+":"+same, 1)); got != NotMeasured {
		t.Errorf("of the same claims P8 is %q", got)
	}
}

// What a run was told to decide and did not come to is not measured.
func TestWhatARunDidNotComeToIsNotMeasured(t *testing.T) {
	few := strings.Replace(on("b", only(world(3, 0.01, textbook), "Compute/")), "seed: 1", "seed: 1\nexperiments: compute "+chapterOf("P8")[0].Name+" L1", 1)
	all := togetherOf([]Run{{"a", read(t, on("a", world(3, 0.01, textbook)))}, {"b", read(t, few)}})
	want := map[string]Verdict{"P8": NotMeasured, "L1": NotMeasured, "L2": NotAsked}
	for _, s := range all.standings {
		if v, ok := want[s.ID]; ok && s.Verdicts[1] != v {
			t.Errorf("%s is %q, not %q", s.ID, s.Verdicts[1], v)
		}
	}
}

func TestReportOnSeveralRunsIsWhole(t *testing.T) {
	dir := t.TempDir()
	text := on("a", world(5, 0.01, textbook))
	made, err := WriteTogether([]Run{{"x", read(t, text)}, {"y", read(t, strings.Replace(text, "host: a", "host: b", 1))}}, dir)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(made.Path)
	if err != nil || !strings.Contains(string(page), "**"+made.Answer+"**") {
		t.Errorf("%v: the page does not begin with its answer", err)
	}
	for _, name := range []string{"verdicts.json", "charts/speedup-primes.png", "charts/speedup-primes.svg"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// More machines than lines can be told apart have a panel each.
func TestManyMachinesHaveAPanelEach(t *testing.T) {
	var runs []Run
	for i := range mostLines + 1 {
		runs = append(runs, Run{fmt.Sprint("r", i), read(t, on(fmt.Sprint("host", i), world(3, 0.01, textbook)))})
	}
	all := togetherOf(runs)
	drawing, err := all.figures[0].SVG()
	if err != nil {
		t.Fatal(err)
	}
	for i := range mostLines + 1 {
		if !strings.Contains(string(drawing), fmt.Sprintf(">host%d<", i)) {
			t.Errorf("no panel is called host%d", i)
		}
	}
	if !strings.Contains(string(drawing), "a panel for each machine") {
		t.Error("the picture does not say what its panels are")
	}
}

func scaleOf(cores int) card.Scale { return card.Scale{Cores: cores, System: "linux"} }

// fingerprintOf is that of a chapter's claims on the machine of the tests.
func fingerprintOf(chapter string) string {
	for _, c := range catalogue().Chapters {
		if c.Name == chapter {
			return card.Fingerprint(c.Claims(scaleOf(testCores)))
		}
	}
	return ""
}
