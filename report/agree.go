package report

import (
	"fmt"
	"slices"
	"strings"

	"parcon/results"
)

// agree notes in what the two sides differ, and refuses what must not.
func (c *Changes) agree(old, new *Side) error {
	for _, d := range differences(old, new) {
		if slices.Contains(c.Question.Ignored, d.Key) {
			continue
		}
		text := fmt.Sprintf("%s is %s in %s and %s in %s", d.Key, d.Old, old.Name, d.New, new.Name)
		switch {
		case d.Of == results.Machine && !c.Question.OtherMachine:
			return fmt.Errorf("not measured on one machine: %s: measure both on the same, or compare them all the same with --other-machine", text)
		case d.Of == results.Machine:
			c.say("not measured on one machine: %s", text)
		case d.Of == results.Work && !c.Question.OtherWork:
			return fmt.Errorf("not the same work: %s, so an op of one is not an op of the other: measure both with the same, or compare them all the same with --other-work", text)
		case d.Of == results.Work:
			c.say("not the same work: %s", text)
		default:
			c.say("%s%s", text, meaning(d, old.own && new.own))
		}
	}
	return nil
}

// meaning says what a difference that is no reason to refuse may do, and what to do.
func meaning(d results.Difference, own bool) string {
	switch {
	case !own:
		return ""
	case d.Of == results.Program:
		return ": what measured may be the difference: measure both with one build of parcon"
	case d.Of == results.Claims:
		return ": the claims were changed in between, so their verdicts are not of one claim"
	case d.Of == results.Interpreter:
		return ": the rows of CPython compare two interpreters: measure both with one"
	}
	return ""
}

// differences are those between two sides, with values as they are quoted. In the
// output of another program a host and a kernel are what somebody noted, not what
// parcon looked at: no machine is refused for them.
func differences(old, new *Side) []results.Difference {
	var all []results.Difference
	several := func(key string) bool { return len(old.values(key)) > 1 || len(new.values(key)) > 1 }
	for _, d := range results.Differences(old.setup, new.setup) {
		if d.Of == results.Asked || several(d.Key) {
			continue
		}
		if d.Key == "host" && !(old.own && new.own) {
			d.Of = results.Surrounding
		}
		d.Old, d.New = fmt.Sprintf("%q", d.Old), fmt.Sprintf("%q", d.New)
		all = append(all, d)
	}
	for _, key := range []string{results.KeyGOOS, results.KeyGOARCH, results.KeyCPU} {
		a, b := old.values(key), new.values(key)
		slices.Sort(a)
		slices.Sort(b)
		if several(key) && len(a) > 0 && len(b) > 0 && !slices.Equal(a, b) {
			all = append(all, results.Difference{Key: key, Of: results.Machine, Old: quoted(a), New: quoted(b)})
		}
	}
	return all
}

func quoted(values []string) string {
	var all []string
	for _, v := range values {
		all = append(all, fmt.Sprintf("%q", v))
	}
	return strings.Join(all, " and ")
}
