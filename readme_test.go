package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
)

// commands are the lines of a page's shell blocks, without their comments.
func commands(t *testing.T, page string) []string {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			line, _, _ = strings.Cut(line, "  #")
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

// Every command that README shows works, cut short where it would measure for
// minutes: the gate runs the main job whole.
func TestCommandsOfReadme(t *testing.T) {
	run, done := 0, map[string]bool{}
	for _, line := range commands(t, "README.md") {
		args, ok := strings.CutPrefix(line, "go run .")
		if !ok {
			continue
		}
		run++
		key := strings.Join(short("", strings.Fields(args)), " ")
		if done[key] {
			continue // cut short it is one that was tried
		}
		done[key] = true
		t.Run(line, func(t *testing.T) {
			var stdout, stderr strings.Builder
			if code := execute(context.Background(), short(filepath.Join(t.TempDir(), "out"), strings.Fields(args)), &stdout, &stderr); code != exitDone {
				t.Errorf("exit code %d: %s", code, stderr.String())
			}
		})
	}
	if run < 6 {
		t.Errorf("README shows %d commands of parcon: were they found?", run)
	}
}

// short sends a command's output to a folder, and lets one that
// measures do with a single round of one variant. The two files that README
// makes up are the published run, which is no worse than itself.
func short(out string, args []string) []string {
	switch {
	case len(args) == 0:
		return []string{"--help"}
	case args[0] == "compare":
		return []string{"compare", "results/standard", "results/standard"}
	case args[0] == "selfcheck": // a script of its own runs it
		return append(args, "--help")
	case args[0] == "bench": // this module has hundreds, and main may not be known here
		return []string{"bench", "./experiments/lcg", "--bench", ".", "--help"}
	case args[0] == "advise":
		return append([]string{"advise", "--budget", "1s", "--at-most", "2"}, args[1:]...)
	case args[0] == "report" || args[0] == "lanes":
		for i, arg := range args {
			if arg == "run/mine" {
				args[i] = "results/selfcheck"
			}
		}
		return append(args, "--out", out)
	case args[0] == "run":
		var kept []string
		for i, a := range args {
			if i == 0 || strings.HasPrefix(a, "-") || strings.HasPrefix(args[i-1], "-") {
				kept = append(kept, a)
			}
		}
		return append(kept, "workload=empty/model=pool/workers=2", "--rounds", "1", "--out", out)
	}
	return args
}

const threeMachines = "runner/link/three-machines.md"

// What the page on several machines shows is what the commands take; scripts run the same.
func TestCommandsForThreeMachines(t *testing.T) {
	seen := map[string]bool{}
	for _, line := range commands(t, threeMachines) {
		_, args, ok := strings.Cut(line, "./parcon ")
		if !ok {
			continue
		}
		args, _, _ = strings.Cut(args, " -- ")
		words := strings.Fields(args)
		seen[words[0]] = true
		var stdout, stderr strings.Builder
		if code := execute(t.Context(), append(words, "--help"), &stdout, &stderr); code != exitDone {
			t.Errorf("%s: exit code %d: %s", line, code, stderr.String())
		}
	}
	for _, command := range []string{"distribute", "worker", "agent", "run"} {
		if !seen[command] {
			t.Errorf("%s does not show the command %s", threeMachines, command)
		}
	}
}

func TestScriptsOfReadmeAreThereAndParse(t *testing.T) {
	for _, line := range commands(t, "README.md") {
		if !strings.HasPrefix(line, "scripts/") {
			continue
		}
		script := strings.Fields(line)[0]
		if out, err := exec.Command("bash", "-n", script).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", script, err, out)
		}
	}
}

// What README says that the published run found, its report says.
func TestReadmeFoundWhatWasPublished(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	report, err := os.ReadFile("results/standard/report.md")
	if err != nil {
		t.Fatal(err)
	}
	_, found, _ := strings.Cut(string(readme), "What [a published run]")
	found, _, _ = strings.Cut(found, "\n\nA claim")
	said := regexp.MustCompile(`(?m)^- (.*)\.$`).FindAllStringSubmatch(found, -1)
	for _, line := range said {
		if !strings.Contains(string(report), line[1]) {
			t.Errorf("the published report does not say %q", line[1])
		}
	}
	if len(said) != 5 {
		t.Errorf("%d lines of what was found, want 5", len(said))
	}
	if restless := strings.Contains(string(report), "The machine was restless."); restless != strings.Contains(found, "restless") {
		t.Errorf("the published run was restless: %v", restless)
	}
}

// Links and pictures of README and of the published report lead somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	pages := []string{"README.md", threeMachines}
	published, err := filepath.Glob("results/*/report.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, published...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// The numbers of claims in README and in the change log are the catalogue's.
func TestNumbersOfClaims(t *testing.T) {
	all, mechanisms := 0, 0
	for _, e := range chapters.All {
		for range e.Claims(card.Scale{Cores: 2}) {
			all++
			if e.Title != "" {
				mechanisms++
			}
		}
	}
	for file, wants := range map[string][]string{
		"README.md":    {fmt.Sprintf("%d claims of the textbooks", all), fmt.Sprintf("%d more claims", mechanisms), fmt.Sprintf("(%d to 1 for %d)", 20*all, all)},
		"CHANGELOG.md": {fmt.Sprintf("%d textbook claims", all), fmt.Sprintf("put %d claims about mechanisms", mechanisms)},
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s does not say %q: write it in place of %q", file, want, otherNumber(want).Find(text))
			}
		}
	}
}

// otherNumber finds a text with another number in it.
func otherNumber(text string) *regexp.Regexp {
	return regexp.MustCompile(regexp.MustCompile(`\d+`).ReplaceAllString(regexp.QuoteMeta(text), `\d+`))
}

// The workload that README shows as an example is the one that is tested.
func TestExampleOfReadmeIsTested(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("testdata/extend.txt")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("(?s)```go\n(.*?)```").FindStringSubmatch(string(readme))
	if code == nil {
		t.Fatal("README has no block of Go")
	}
	shown := regexp.MustCompile(` // calibrated[^\n]*`).ReplaceAllString(code[1], "")
	if !strings.Contains(string(script), shown) {
		t.Errorf("README shows code that testdata/extend.txt does not run:\n%s", shown)
	}
}
