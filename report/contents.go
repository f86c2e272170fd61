package report

import (
	"fmt"
	"regexp"
	"strings"

	"parcon/report/web"
)

// slug makes of a heading a name to link to: its words, small, with hyphens between.
func slug(heading string) string {
	return strings.Trim(notWords.ReplaceAllString(strings.ToLower(heading), "-"), "-")
}

var notWords = regexp.MustCompile(`[^\p{L}\p{N}]+`)

// heading writes a heading that can be linked to, wherever it is read: who shows Markdown names
// headings in one way or another, or not at all.
func heading(w *strings.Builder, level, text string) {
	fmt.Fprintf(w, "<a id=\"%s\"></a>\n\n%s %s\n\n", slug(text), level, text)
}

// anchored is a text that can be linked to by its own name.
func anchored(text string) string { return fmt.Sprintf("<a id=\"%s\"></a>%s", text, text) }

// contents lists the sections of a page, with links: what is to be read, and the evidence.
func contents(page string) string {
	var text, evidence []string
	found := web.Contents(page)
	for _, s := range found {
		link := fmt.Sprintf("[%s](#%s)", s.Title, s.ID)
		if s.Title == verdictsHeading || len(evidence) > 0 {
			evidence = append(evidence, link)
		} else {
			text = append(text, link)
		}
	}
	if len(found) < 3 {
		return ""
	}
	var w strings.Builder
	for _, line := range [][]string{text, evidence} {
		if len(line) > 0 {
			w.WriteString(strings.Join(line, " · ") + "\n\n")
		}
	}
	return "<div class=\"contents\">\n\n" + w.String() + "</div>\n\n"
}
