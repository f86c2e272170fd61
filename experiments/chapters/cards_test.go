package chapters_test

import (
	"fmt"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
)

// A name means one mechanism, and a reader of the list learns what it does.
func TestMechanismsAreToldApart(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range chapters.Cards() {
		if seen[m.Name] || m.Name == "" || m.Doc == "" || m.Prepare == nil {
			t.Errorf("%+v: its name is taken, or it lacks a name, a line of doc or a way to prepare", m.Name)
		}
		seen[m.Name] = true
	}
}

func Example() {
	for _, m := range chapters.Cards() {
		if m.Name == "zombie" {
			fmt.Println(m.Name, m.Unmet(card.Scale{System: "plan9"}) != "")
		}
	}
	// Output: zombie true
}
