package locking

import (
	"testing"
)

func FuzzParseAccount(f *testing.F) {
	f.Add(account{first: 1, gaveUp: true}.String())
	f.Add("2 false")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseAccount(text)
		if err != nil {
			return
		}
		if again, err := parseAccount(a.String()); err != nil || again != a || a.first != 0 && a.first != 1 {
			t.Fatalf("%q: %+v, again %+v, %v", text, a, again, err)
		}
	})
}

func FuzzParseOrder(f *testing.F) {
	f.Add(order{1, 0}.String())
	f.Add("0 -1")
	f.Add("cancel")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := parseOrder(text)
		if err != nil {
			return
		}
		if again, err := parseOrder(o.String()); err != nil || again != o || min(o.unit, o.first) < 0 || max(o.unit, o.first) > 1 {
			t.Fatalf("%q: %+v, again %+v, %v", text, o, again, err)
		}
	})
}

func FuzzParseWait(f *testing.F) {
	f.Add(sayWait(2_000_001, true))
	f.Add("-1 false")
	f.Add("1")
	f.Fuzz(func(t *testing.T, text string) {
		waited, timedOut, err := parseWait(text)
		if err != nil {
			return
		}
		if w, o, err := parseWait(sayWait(waited, timedOut)); err != nil || w != waited || o != timedOut || waited < 0 {
			t.Fatalf("%q: %d %v, again %d %v, %v", text, waited, timedOut, w, o, err)
		}
	})
}
