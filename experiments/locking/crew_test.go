package locking

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

// odd prepares a process that is no member of a crew.
func odd(t *testing.T, how string) func() *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return func() *exec.Cmd { return proc.Command([]string{self, "odd", how}, nil) }
}

func TestHireRefuses(t *testing.T) {
	for how, want := range map[string]string{
		"broken":  "this process is broken",
		"strange": `said "hello"`,
		"mute":    "it says no reason",
	} {
		t.Run(how, func(t *testing.T) {
			proctest.Tidy(t)
			_, err := hire(2, odd(t, how), nil)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, want one line with %q", err, want)
			}
		})
	}
}

func TestAProcessThatDiesAtAWord(t *testing.T) {
	proctest.Tidy(t)
	c, err := hire(2, odd(t, "dying"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := c[0].Ask("die"); err == nil || !strings.Contains(err.Error(), "this word kills") {
		t.Errorf("%q, %v", answer, err)
	}
	if err := c.End(patience); err != nil {
		t.Error(err)
	}
}

func TestEndKillsWhoDoesNotEnd(t *testing.T) {
	proctest.Tidy(t)
	c, err := hire(1, odd(t, "deaf"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.End(10 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("%v", err)
	}
}

// Prepared and not run: nothing is left either.
func TestCloseWithoutRun(t *testing.T) {
	for _, name := range []string{
		"mechanism=semaphore/unit=process/size=1", "mechanism=event/unit=process", "mechanism=condition/unit=process/wake=1",
		"mechanism=deadlock/unit=process/order=fixed", "mechanism=relock/lock=plain/unit=process", "mechanism=killed/lock=flock",
	} {
		t.Run(name, func(t *testing.T) {
			needs(t, name)
			proctest.Tidy(t)
			s, _, err := prepare(name, 1, "")
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
