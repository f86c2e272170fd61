package card_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"parcon/experiments/card"
	"parcon/runner/protocol"
)

// list holds one mechanism with a key of names, one of numbers and one that may
// be left out.
var list = []card.Card{{
	Name: "knock", Doc: "knocks at a door",
	Keys: []card.Choice{
		{Key: "door", Values: []string{"front", "back"}},
		{Key: "times"},
		{Key: "force", Optional: true},
	},
	Parts: map[string]func([]string) error{
		"answer": func(args []string) error { return fmt.Errorf("who is there: %v", args) },
	},
}}

func TestParse(t *testing.T) {
	for _, name := range []string{
		"mechanism=knock/door=back/times=3",
		"mechanism=knock/door=front/times=1000000/force=2/twin=1",
	} {
		m, v, err := card.Parse(list, name)
		if err != nil || m.Name != "knock" || v.String() != name || !card.Names(v) {
			t.Errorf("%s: %v, %v, %v", name, m.Name, v, err)
		}
	}
	for name, want := range map[string]string{
		"mechanism=ring/door=back/times=3":           "mechanism \"ring\" is not known: `parcon list` shows those that are",
		"workload=primes":                            "mechanism \"\" is not known: `parcon list` shows those that are",
		"mechanism=knock/times=3":                    `variant "mechanism=knock/times=3": its key door is missing: give front, back`,
		"mechanism=knock/door=side/times=3":          `variant "mechanism=knock/door=side/times=3": door=side: give front, back`,
		"mechanism=knock/door=back/times=0":          `variant "mechanism=knock/door=back/times=0": times=0: give a number from 1 to 1000000`,
		"mechanism=knock/door=back/times=1000001":    `variant "mechanism=knock/door=back/times=1000001": times=1000001: give a number from 1 to 1000000`,
		"mechanism=knock/door=back/times=many":       `variant "mechanism=knock/door=back/times=many": times=many: give a number from 1 to 1000000`,
		"mechanism=knock/door=back/times=3/force=x":  `variant "mechanism=knock/door=back/times=3/force=x": force=x: give a number from 1 to 1000000`,
		"mechanism=knock/door=back/times=3/colour=2": `variant "mechanism=knock/door=back/times=3/colour=2": there is no key "colour": use door, times, force`,
		"mechanism=knock/door":                       `variant "mechanism=knock/door": part "door" is not of the form key=value`,
	} {
		if _, _, err := card.Parse(list, name); err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, want)
		}
	}
}

// Whatever Parse takes can be asked for its numbers.
func FuzzParse(f *testing.F) {
	f.Add("mechanism=knock/door=back/times=3")
	f.Add("mechanism=knock/door=back/times=-3/force=0")
	f.Fuzz(func(t *testing.T, name string) {
		_, v, err := card.Parse(list, name)
		if err != nil {
			return
		}
		trial := card.Trial{Variant: v}
		if n := trial.Int("times", 0); n < 1 || n > card.MaxNumber {
			t.Errorf("%q: times is %d", name, n)
		}
		if n := trial.Int("force", 7); n < 1 || n > card.MaxNumber {
			t.Errorf("%q: force is %d", name, n)
		}
	})
}

func TestTry(t *testing.T) {
	m, err := card.Try(10, func(i int) (bool, error) { return i%3 == 0, nil })
	if err != nil || m[card.UnitTries] != 10 || m[card.UnitSeen] != 4 {
		t.Errorf("%v, %v", m, err)
	}
	_, err = card.Try(10, func(i int) (bool, error) {
		if i == 2 {
			return true, errors.New("nobody opened")
		}
		return true, nil
	})
	if err == nil || err.Error() != "try 3 of 10: nobody opened" {
		t.Errorf("error %v", err)
	}
}

// Each try is made once, whatever lane makes it, and one that fails ends the others.
func TestTryAtOnce(t *testing.T) {
	for _, lanes := range []int{1, 3, 20} {
		var made [10]atomic.Int32
		m, err := card.TryAtOnce(lanes, len(made), func(lane, i int) (bool, error) {
			if lane < 0 || lane >= lanes {
				t.Errorf("lane %d of %d", lane, lanes)
			}
			made[i].Add(1)
			return i%3 == 0, nil
		})
		if err != nil || m[card.UnitTries] != 10 || m[card.UnitSeen] != 4 {
			t.Errorf("%v, %v", m, err)
		}
		for i := range made {
			if n := made[i].Load(); n != 1 {
				t.Errorf("%d lanes: try %d was made %d times", lanes, i, n)
			}
		}
		_, err = card.TryAtOnce(lanes, 10, func(_, i int) (bool, error) {
			if i == 2 {
				return true, errors.New("nobody opened")
			}
			return true, nil
		})
		if err == nil || err.Error() != "try 3 of 10: nobody opened" {
			t.Errorf("error %v", err)
		}
	}
}

func TestRunPart(t *testing.T) {
	for want, args := range map[string][]string{
		"who is there: [me]": {"knock", "answer", "me"},
		"starting part \"open\" of mechanism knock: there is none of that name":            {"knock", "open"},
		"mechanism \"ring\" is not known: `parcon list` shows those that are":              {"ring", "answer"},
		"starting a part with 1 arguments: this program is started by parcon, not by hand": {"knock"},
	} {
		if err := card.RunPart(list, args); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", args, err, want)
		}
	}
}

func Example() {
	coin := card.Card{
		Name: "coin", Doc: "looks whether every second throw shows heads",
		Prepare: func(t card.Trial) (card.Session, error) {
			return card.Session{Run: func() (protocol.Measurement, error) {
				return card.Try(t.Ops, func(try int) (bool, error) { return try%2 == 0, nil })
			}}, nil
		},
	}
	m, v, err := card.Parse([]card.Card{coin}, "mechanism=coin")
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := m.Prepare(card.Trial{Variant: v, Ops: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(session.Run())
	// Output: map[seen:5 tries:10] <nil>
}
