package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/tasks"
	"parcon/experiments/tasks/model"
	"parcon/runner/cgroup"
)

func listCommand(stdout io.Writer) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:         "list",
		Short:       "Show the experiments, claims, workloads, models, mechanisms and profiles",
		Example:     "  parcon list\n  parcon list --json",
		Args:        noArguments,
		Annotations: map[string]string{small: "yes"},
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return printJSON(stdout, words(cgroup.Cores()))
			}
			_, err := io.WriteString(stdout, listing(cgroup.Cores(), widthOf(stdout)))
			return err
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// widthOf is the width of a terminal in columns, and a usual one of all else.
func widthOf(out io.Writer) int {
	if f, ok := out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// A listed word is what can be named on the command line, indented by its depth.
type listed struct {
	depth      int
	word, text string
}

// listing is the catalogue in lines of at most width columns, where words permit.
func listing(cores, width int) string {
	var b strings.Builder
	for i, part := range vocabulary(cores) {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(part.title + "\n")
		column := 0
		for _, l := range part.words {
			column = max(column, 2*l.depth+len(l.word)+2)
		}
		for _, l := range part.words {
			b.WriteString(entry(l, column, width))
		}
	}
	return b.String()
}

// entry writes a word and its text beside it, or below it where the screen is
// narrow.
func entry(l listed, column, width int) string {
	head := strings.Repeat(" ", 2*l.depth) + l.word
	const readable = 30
	if width-column < readable {
		column = 2*l.depth + 2
		head += "\n"
	}
	indent := strings.Repeat(" ", column)
	lines := wrap(l.text, width-column)
	if strings.HasSuffix(head, "\n") {
		return head + indent + strings.Join(lines, "\n"+indent) + "\n"
	}
	return head + indent[len(head):] + strings.Join(lines, "\n"+indent) + "\n"
}

// wrap breaks a text between words into lines of at most width bytes; a longer
// word has a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		if n := len(lines) - 1; n >= 0 && len(lines[n])+1+len(word) <= width {
			lines[n] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

// A word is what can be named, for programs: an experiment has the claims that it judges.
type word struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	Claims []word `json:"claims,omitempty"`
}

// words are the vocabulary by its parts: experiments, workloads and so on.
func words(cores int) map[string][]word {
	all := map[string][]word{}
	for _, part := range vocabulary(cores) {
		name, _, _ := strings.Cut(strings.ToLower(part.title), " ")
		for _, l := range part.words {
			if w := (word{Name: l.word, Text: l.text}); l.depth == 1 {
				all[name] = append(all[name], w)
			} else {
				last := &all[name][len(all[name])-1]
				last.Claims = append(last.Claims, w)
			}
		}
	}
	return all
}

type listPart struct {
	title string
	words []listed
}

func vocabulary(cores int) []listPart {
	quick := card.Scale{Cores: cores, Depth: card.Quick, System: runtime.GOOS, Pythons: []card.Python{"3.11"}}
	full := quick
	full.Depth = card.Full
	asked := listPart{title: "EXPERIMENTS AND CLAIMS"}
	for _, e := range chapters.All {
		asked.words = append(asked.words, listed{1, e.Name, fmt.Sprintf("%s (%d to %d variants)", e.Question, len(e.Cases(quick)), len(e.Cases(full)))})
		for _, c := range e.Claims(quick) {
			asked.words = append(asked.words, listed{2, c.ID, c.Text})
		}
	}
	parts := []listPart{asked, {title: "WORKLOADS"}, {title: "MODELS"}, {title: "MECHANISMS"}, {title: "PROFILES"}}
	add := func(part int, word, text string) {
		parts[part].words = append(parts[part].words, listed{1, word, text})
	}
	for _, l := range tasks.Workloads {
		add(1, l.Name, fmt.Sprintf("%s: %s", l.Kind, l.Doc))
	}
	for _, m := range model.All {
		add(2, m.Name, m.Mapping)
	}
	for _, m := range chapters.Cards() {
		add(3, m.Name, m.Doc)
	}
	for _, p := range chapters.Profiles {
		add(4, p.Name, p.Doc)
	}
	return parts
}
