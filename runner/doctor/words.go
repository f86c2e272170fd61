package doctor

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

func (r Finding) ok() Finding {
	r.Level = OK
	return r
}

func (r Finding) warn(advice string) Finding {
	r.Level, r.Advice = Warning, advice
	return r
}

func (r Finding) unknown(seen string) Finding {
	r.Level, r.Seen = Unknown, seen
	return r
}

func plural(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	if stem, found := strings.CutSuffix(of, "y"); found {
		of = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, of)
}

func gib(bytes uint64) string { return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30)) }

// printable keeps a name that others chose from moving the cursor.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, name)
}

// list writes numbers in the kernel's way: 0,2,4-6.
func list(sorted []int) string {
	var parts []string
	for i := 0; i < len(sorted); {
		j := i
		for j+1 < len(sorted) && sorted[j+1] == sorted[j]+1 {
			j++
		}
		switch j - i {
		case 0:
			parts = append(parts, fmt.Sprint(sorted[i]))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", sorted[i], sorted[j]))
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}

const (
	width  = 80 // columns of the table: those of the narrowest terminal in use
	indent = 19 // columns before what was seen
)

// Print writes the findings as a table and ends with a line that sums up. What
// is fine takes one line; a warning says why it matters and what to do. Only
// commands may be wider than the table: a wrapped one could not be copied.
func Print(out io.Writer, all []Finding) error {
	var b strings.Builder
	for _, f := range all {
		item(&b, fmt.Sprintf("%-9s%-*s", f.Level, indent-9, f.Check), f.Seen)
		if f.Level == Warning {
			item(&b, "", "Why: "+f.Why+".")
		}
		if f.Advice != "" {
			item(&b, "", "Do: "+f.Advice+".")
		}
		if f.Command != "" {
			fmt.Fprintf(&b, "%*s$ %s\n", indent, "", f.Command)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", Verdict(all))
	_, err := io.WriteString(out, b.String())
	return err
}

// item writes a text with its name before it, wrapped.
func item(b *strings.Builder, name, text string) {
	line := fmt.Sprintf("%-*s", indent, name)
	used := 0 // words on this line
	for word := range strings.FieldsSeq(text) {
		if used > 0 && len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(line + "\n")
			line, used = strings.Repeat(" ", indent), 0
		}
		if used > 0 {
			line += " "
		}
		line += word
		used++
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// Verdict is the findings in one line.
func Verdict(all []Finding) string {
	text := "nothing found that speaks against measuring here"
	if n := Warnings(all); n > 0 {
		text = plural(n, "thing") + " to mend before measuring"
	}
	if n := count(all, Unknown); n > 0 {
		text += "; " + plural(n, "thing") + " could not be seen"
	}
	return text
}
