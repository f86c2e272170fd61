package peer_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"parcon/experiments/peer"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

const patience = time.Minute // far more than anything here takes

// The test binary starts itself as a helper: "play" and a role.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "play" {
		if err := play(os.Args[2]); err != nil {
			fmt.Fprintf(os.Stderr, "%v\nand more\n", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func play(role string) error {
	answer := func(line string) (string, error) {
		if line == "die" {
			return "", errors.New("this line kills")
		}
		return "heard " + line, nil
	}
	switch role {
	case "attend":
		return peer.Attend(answer)
	case "mute":
	case "half":
		fmt.Print("half a line")
	case "long":
		fmt.Println(strings.Repeat("x", peer.MaxLine))
	case "deaf":
		peer.Say("hello")
		time.Sleep(time.Hour)
	case "family": // its child would wait for an hour
		c := exec.Command("/bin/sleep", "3600")
		if err := c.Start(); err != nil {
			return err
		}
		peer.Say(fmt.Sprint(c.Process.Pid))
	}
	return nil
}

func command(t *testing.T, role string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return proc.Command([]string{self, "play", role}, []string{proctest.QuickExit})
}

func start(t *testing.T, role string, patience time.Duration) *peer.Process {
	t.Helper()
	proctest.Tidy(t)
	p, err := peer.Start(command(t, role), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestAConversation(t *testing.T) {
	p := start(t, "attend", patience)
	if line, err := p.Hear(); line != "ready" || err != nil {
		t.Errorf("%q, %v", line, err)
	}
	for _, line := range []string{"one", "", "two"} {
		if answer, err := p.Ask(line); answer != "heard "+line || err != nil {
			t.Errorf("%q: %q, %v", line, answer, err)
		}
	}
	if err := p.End(patience); err != nil {
		t.Error(err)
	}
}

// The reason is the first line that the process wrote to standard error.
func TestAProcessThatFails(t *testing.T) {
	p := start(t, "attend", patience)
	if err := p.Tell("die"); err != nil {
		t.Error(err)
	}
	if line, err := p.Hear(); line != "ready" || err != nil {
		t.Errorf("%q, %v", line, err)
	}
	const want = "waiting for a part's answer: exit status 1: this line kills"
	if _, err := p.Hear(); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if p.Complaint() != "this line kills\nand more\n" || p.Cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%q, %v", p.Complaint(), p.Cmd.ProcessState)
	}
	if err := p.End(patience); err != nil {
		t.Errorf("what was told once is told again: %v", err)
	}
}

func TestNoAnswer(t *testing.T) {
	for role, want := range map[string]string{
		"mute": "waiting for a part's answer: it ended without one: it says no reason",
		"half": "waiting for a part's answer: it ended without one: it says no reason",
		"long": "waiting for a part's answer: bufio: buffer full",
	} {
		p := start(t, role, patience)
		if line, err := p.Hear(); line != "" || err == nil || err.Error() != want {
			t.Errorf("%s: %q, %v, want %s", role, line, err, want)
		}
	}
}

func TestAnAnswerThatIsLate(t *testing.T) {
	p := start(t, "deaf", 20*time.Millisecond)
	_, err := p.Hear() // its hello, or that is late already
	if err == nil {
		_, err = p.Hear()
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) || err.Error() != "waiting up to 20ms for a part's answer: i/o timeout" {
		t.Error(err)
	}
	if p.Cmd.ProcessState == nil {
		t.Error("it was not ended")
	}
}

func TestEndKillsWhoDoesNotEnd(t *testing.T) {
	p := start(t, "deaf", patience)
	if err := p.End(10 * time.Millisecond); err == nil || err.Error() != "it did not end within 10ms and was killed" {
		t.Error(err)
	}
}

func TestWhatAProcessLeavesIsEnded(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("reads /proc")
	}
	p := start(t, "family", patience)
	line, err := p.Hear()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(patience); err != nil {
		t.Error(err)
	}
	var child int
	if _, err := fmt.Sscan(line, &child); err != nil {
		t.Fatal(err)
	}
	proctest.WaitUntilGone(t, child)
}

func TestAProcessThatCannotStart(t *testing.T) {
	proctest.Tidy(t)
	if _, err := peer.Start(exec.Command("/nowhere/program"), patience); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	_, err := peer.Assemble(2, patience, func(int) *exec.Cmd { return exec.Command("/nowhere/program") })
	if err == nil || !strings.HasPrefix(err.Error(), "starting 2 processes: ") {
		t.Error(err)
	}
}

func TestACrew(t *testing.T) {
	proctest.Tidy(t)
	c, err := peer.Assemble(3, patience, func(int) *exec.Cmd { return command(t, "attend") })
	if err != nil {
		t.Fatal(err)
	}
	c.Tell("all")
	if err := c.Expect("heard all"); err != nil {
		t.Error(err)
	}
	c.Tell("all")
	if err := c.Expect("something else"); err == nil || err.Error() != `a part said "heard all" where "something else" was due` {
		t.Error(err)
	}
	if err := c.End(patience); err != nil {
		t.Error(err)
	}
}

// One of a crew fails: its reason is told, and nobody waits for it.
func TestACrewOfWhichOneFails(t *testing.T) {
	proctest.Tidy(t)
	c, err := peer.Assemble(3, patience, func(int) *exec.Cmd { return command(t, "attend") })
	if err != nil {
		t.Fatal(err)
	}
	if err := c[1].Tell("die"); err != nil { // the others are told nothing
		t.Error(err)
	}
	if _, err := c.Hear(); err == nil || !strings.HasSuffix(err.Error(), "this line kills") {
		t.Error(err)
	}
	if err := c.End(patience); err != nil {
		t.Errorf("those who were killed are no news: %v", err)
	}
}

func TestACrewThatDoesNotBegin(t *testing.T) {
	for role, want := range map[string]string{
		"mute": "starting 2 processes: waiting for a part's answer: it ended without one: it says no reason",
		"deaf": `starting 2 processes: a part said "hello" where "ready" was due`,
	} {
		proctest.Tidy(t)
		_, err := peer.Assemble(2, patience, func(int) *exec.Cmd { return command(t, role) })
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", role, err, want)
		}
	}
}

// What a process says is heard also by one that did not start it.
func TestATalkAlone(t *testing.T) {
	proctest.Tidy(t)
	talk, theirs, err := peer.NewTalk(patience)
	if err != nil {
		t.Fatal(err)
	}
	defer talk.Close()
	if _, err := theirs[1].WriteString("one\r\ntwo\nthr"); err != nil {
		t.Fatal(err)
	}
	if err := talk.Tell("hello"); err != nil {
		t.Error(err)
	}
	peer.CloseAll(theirs...)
	for _, want := range []string{"one", "two"} {
		if line, err := talk.Hear(); line != want || err != nil {
			t.Errorf("%q, %v, want %s", line, err, want)
		}
	}
	if line, err := talk.Hear(); line != "" || !errors.Is(err, io.EOF) {
		t.Errorf("%q, %v", line, err)
	}
	if err := talk.Tell("is anybody there?"); err == nil || !strings.HasPrefix(err.Error(), `telling a part "is anybody there?": `) {
		t.Error(err)
	}
}
