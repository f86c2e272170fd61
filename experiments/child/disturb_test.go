package child

import (
	"math"
	"os"
	"testing"
	"time"

	"parcon/runner/proc"
)

func TestDisturbanceDriftsFromNoneToAWholeCoreAndBack(t *testing.T) {
	for after, want := range map[time.Duration]float64{
		0: 0, disturbPeriod / 4: 0.5, disturbPeriod / 2: 1, 3 * disturbPeriod / 4: 0.5, disturbPeriod: 0, 5 * disturbPeriod / 4: 0.5,
	} {
		if got := disturbShare(after); math.Abs(got-want) > 1e-9 {
			t.Errorf("after %v: %v, want %v", after, got, want)
		}
	}
}

func TestDisturbanceEndsWithItsParent(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := proc.Command([]string{self, Argument, Disturb}, nil)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // returns when it is gone; with which status is its own affair
}
