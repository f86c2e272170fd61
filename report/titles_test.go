package report

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// drawnText is what stands in the pictures of a report, by their names.
func drawnText(t testing.TB, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "charts", "*.svg"))
	if err != nil || len(files) == 0 {
		t.Fatalf("pictures: %v, %v", files, err)
	}
	all := map[string]string{}
	for _, file := range files {
		svg, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, found := range svgText.FindAllStringSubmatch(string(svg), -1) {
			lines = append(lines, html.UnescapeString(found[1]))
		}
		all[strings.TrimSuffix(filepath.Base(file), ".svg")] = strings.Join(lines, "\n")
	}
	return all
}

var svgText = regexp.MustCompile(`<text[^>]*>([^<]*)</text>`)

// A run that ended when its intervals were narrow has wider ones than others, and
// says so wherever it names them.
func TestIntervalsAreCalledWhatTheyAre(t *testing.T) {
	usual := everything(7, textbook)
	for _, c := range []struct{ text, is, other string }{
		{usual, "95 %", "97 %"},
		{"precision: 2%\n" + usual, "97 %", "95 %"},
	} {
		dir, _ := write(t, c.text)
		page, err := os.ReadFile(filepath.Join(dir, "report.md"))
		if err != nil {
			t.Fatal(err)
		}
		texts := drawnText(t, dir)
		texts["report.md"] = string(page)
		named := 0
		for name, text := range texts {
			text = strings.ReplaceAll(text, "\n", " ")
			named += strings.Count(text, c.is+" interval")
			if strings.Contains(text, c.other+" interval") || strings.Contains(text, "right with "+c.other) {
				t.Errorf("%s: intervals of %s are called %s", name, c.is, c.other)
			}
		}
		if named < 25 {
			t.Errorf("intervals of %s are named %d times only", c.is, named)
		}
	}
}
