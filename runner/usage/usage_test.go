package usage_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/runner/usage"
)

func TestDecodeReadsWhatAppendWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64()
		want := usage.Usage{
			User: time.Duration(n.Draw(t, "user")), System: time.Duration(n.Draw(t, "system")),
			Voluntary: n.Draw(t, "voluntary"), Involuntary: n.Draw(t, "involuntary"), PeakRSS: n.Draw(t, "peak"),
		}
		got, err := usage.Decode(want.Append(nil))
		if err != nil || got != want {
			t.Fatalf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestDecodeRefusesAnotherLength(t *testing.T) {
	if _, err := usage.Decode(make([]byte, 39)); err == nil {
		t.Fatal("39 bytes were taken for a usage")
	}
}

func ExampleUsage_Since() {
	before := usage.Usage{User: time.Second, PeakRSS: 1 << 20}
	after := usage.Usage{User: 3 * time.Second, System: time.Second, PeakRSS: 2 << 20}
	spent := after.Since(before)
	fmt.Println(spent.CPU(), spent.PeakRSS>>20, "MiB")
	// Output: 3s 2 MiB
}
