package section

import (
	"fmt"

	"parcon/experiments/number"
)

// Total is a count, of so many tries.
type Total struct{ Count, Tries float64 }

// Plus is both together.
func (t Total) Plus(o Total) Total { return Total{t.Count + o.Count, t.Tries + o.Tries} }

// All says that it was counted in every try.
func (t Total) All() bool { return t.Count == t.Tries }

// String writes "3 of 1,400 (0.21 %)", and no share where it is none or all, "–" if
// nothing was tried.
func (t Total) String() string {
	switch t.Count {
	case 0, t.Tries:
		return t.Plain()
	}
	return fmt.Sprintf("%s (%s)", t.Plain(), t.Share())
}

// Plain writes it without the share.
func (t Total) Plain() string {
	if t.Tries == 0 {
		return "–"
	}
	return fmt.Sprintf("%s of %s", number.Grouped(t.Count), number.Grouped(t.Tries))
}

// Share is the count over the tries: "none", "40 %".
func (t Total) Share() string {
	share := number.AtMostAll(t.Count / t.Tries)
	switch text := number.Percent(share); {
	case t.Count == 0:
		return "none"
	case share < 0.001:
		return number.Rare(100*share) + " %"
	case share < 1 && text == "100 %":
		return "over 99.9 %" // not all
	default:
		return text
	}
}

// In puts it into a sentence, "" if nothing was tried.
func (t Total) In(format string) string {
	if t.Tries == 0 {
		return ""
	}
	return fmt.Sprintf(format, t)
}
