package card

import "slices"

// A Need says why something cannot be measured at a scale, "" if it can.
type Need func(Scale) string

// Linux is the need of what looks into /proc, waits on futexes or pins to cores.
func Linux(s Scale) string {
	if s.System == "" || s.System == "linux" {
		return ""
	}
	return "this system is " + s.System + ": it needs Linux, for /proc, futexes or pinning to cores"
}

// WithPython is the need of what is true of CPython only.
func WithPython(s Scale) string {
	if _, err := s.Reference(); err != nil {
		return err.Error()
	}
	return ""
}

// AGIL is the need of what is true under the GIL of a CPython.
func AGIL(s Scale) string {
	if len(WithGIL(s.Pythons)) > 0 {
		return ""
	}
	return "there is no CPython with a GIL: install python3, or name one with --python"
}

// Cores is the need of what runs on several cores.
func Cores(s Scale) string {
	const only = "there is nothing to run in parallel on"
	switch {
	case s.Cores >= 2:
		return ""
	case s.Quota != "" && s.Quota != "none" && s.Quota != "unknown":
		return "a CPU quota of " + s.Quota + " leaves one core: " + only
	}
	return "this machine has one core: " + only
}

// Unmet says why the card's variants cannot be measured at a scale, "" if they can.
func (c Card) Unmet(s Scale) string { return s.unmet(c.needs()) }

// needs are the card's, and that it could be prepared.
func (c Card) needs() []Need {
	return append(slices.Clone(c.Needs), func(s Scale) string { return s.Hindrances[c.Name] })
}

// unmet is the first reason of needs that are not met, "" if there is none.
func (s Scale) unmet(needs []Need) string {
	for _, n := range needs {
		if why := n(s); why != "" {
			return why
		}
	}
	return ""
}
