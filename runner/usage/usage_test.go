package usage_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/runner/usage"
)

var usages = rapid.Custom(func(t *rapid.T) usage.Usage {
	n := rapid.Int64Range(-1<<61, 1<<61)
	u := usage.Usage{
		User: time.Duration(n.Draw(t, "user")), System: time.Duration(n.Draw(t, "system")),
		Voluntary: n.Draw(t, "voluntary"), Involuntary: n.Draw(t, "involuntary"), PeakRSS: n.Draw(t, "peak"),
		NoRunDelay: rapid.Bool().Draw(t, "no run delay"),
	}
	if !u.NoRunDelay {
		u.RunDelay = time.Duration(rapid.Int64Range(0, 1<<61).Draw(t, "run delay"))
	}
	return u
})

func TestDecodeReadsWhatAppendWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := usages.Draw(t, "usage")
		got, err := usage.Decode(want.Append(nil))
		if err != nil || got != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(usage.Usage{User: 1, NoRunDelay: true}.Append(nil))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := usage.Decode(b)
		if err != nil {
			return
		}
		if again, err := usage.Decode(u.Append(nil)); err != nil || again != u {
			t.Fatalf("%x: %+v, again %+v, %v", b, u, again, err)
		}
	})
}

func TestPlusAndSinceUndoEachOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, v := usages.Draw(t, "u"), usages.Draw(t, "v")
		if got := u.Plus(usage.Usage{}); got != u {
			t.Fatalf("%+v and nothing is %+v", u, got)
		}
		if a, b := u.Plus(v), v.Plus(u); a != b {
			t.Fatalf("%+v and %+v is %+v, the other way round %+v", u, v, a, b)
		}
		want := v
		want.PeakRSS += u.PeakRSS
		if u.NoRunDelay {
			want.RunDelay, want.NoRunDelay = 0, true
		}
		if got := u.Plus(v).Since(u); got != want {
			t.Fatalf("%+v after %+v: %+v, want %+v", v, u, got, want)
		}
	})
}

// Threads that ended took more delay with them than the others got.
func TestADelayThatShrankIsNotKnown(t *testing.T) {
	got := usage.Usage{RunDelay: 3}.Since(usage.Usage{RunDelay: 5})
	if want := (usage.Usage{NoRunDelay: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestDecodeRefusesAnotherLength(t *testing.T) {
	if _, err := usage.Decode(make([]byte, 55)); err == nil {
		t.Fatal("55 bytes were taken for a usage")
	}
}

func ExampleUsage_Since() {
	before := usage.Usage{User: time.Second, PeakRSS: 1 << 20}
	after := usage.Usage{User: 3 * time.Second, System: time.Second, PeakRSS: 2 << 20}
	spent := after.Since(before)
	fmt.Println(spent.CPU(), spent.PeakRSS>>20, "MiB")
	// Output: 3s 2 MiB
}
