package proc_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

// The test binary starts itself as the child: "child" and a role.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "child" {
		err := error(nil)
		switch rest := os.Args[3:]; os.Args[2] {
		case "guard":
			err = proc.Guard(proc.Stdin(), rest)
		case "room":
			err = proc.Try(rest)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "child" {
		play(os.Args[2])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func self(role string) []string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return []string{path, "child", role}
}

func play(role string) {
	switch role {
	case "environment":
		fmt.Println(strings.Join(os.Environ(), " "))
	case "watch":
		go proc.WatchParent(proc.Stdin())
		fmt.Println("ready")
		time.Sleep(time.Hour)
	case "read":
		text, err := io.ReadAll(proc.Stdin())
		fmt.Println(len(text), err)
	case "session":
		text, err := io.ReadAll(proc.Stdin())
		_, terminal := os.Open("/dev/tty")
		fmt.Println(len(text), err, terminal != nil)
	case "leave":
		leave()
		time.Sleep(time.Hour)
	case "hang":
		fmt.Println(os.Getpid())
		time.Sleep(time.Hour)
	case "guarding parent":
		c := proc.Guarded(self("guard"), self("family"), []string{proctest.QuickExit})
		c.Stdout = os.Stdout
		if _, err := c.StdinPipe(); err != nil {
			fmt.Println(err)
		}
		if err := proc.Start(c); err != nil {
			fmt.Println(err)
		}
		time.Sleep(time.Hour)
	case "family", "parent":
		// A child of the same group, or one that proc started. Both say who
		// they are and look at nothing else.
		c := exec.Command(self("hang")[0], self("hang")[1:]...)
		if role == "parent" {
			c = proc.Command(self("hang"), nil)
		}
		c.Stdout = os.Stdout
		if err := proc.Start(c); err != nil {
			fmt.Println(err)
		}
		time.Sleep(time.Hour)
	}
}

// output starts a child and returns it with the first line it prints.
func output(t *testing.T, role string) (*exec.Cmd, io.WriteCloser, string) {
	t.Helper()
	c := proc.Command(self(role), []string{proctest.QuickExit})
	in, out := proctest.Start(t, c)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return c, in, strings.TrimSpace(line)
}

func TestAChildHasExactlyItsEnvironment(t *testing.T) {
	t.Setenv("OF_THE_PARENT", "1")
	for _, env := range [][]string{nil, {"A=1", "B=2"}} {
		out, err := proc.Command(self("environment"), env).Output()
		if want := strings.Join(env, " "); err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%q, %v, want %q", out, err, want)
		}
	}
}

func TestStdinReadsToTheEnd(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	c := proc.Command(self("read"), nil)
	c.Stdin = strings.NewReader(long) // a pipe
	if out, err := c.Output(); err != nil || string(out) != "1048576 <nil>\n" {
		t.Errorf("of a pipe: %q, %v", out, err)
	}
	file, err := os.CreateTemp(t.TempDir(), "in")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(long); err != nil {
		t.Fatal(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	c = proc.Command(self("read"), nil)
	c.Stdin = file
	if out, err := c.Output(); err != nil || string(out) != "1048576 <nil>\n" {
		t.Errorf("of a file: %q, %v", out, err)
	}
}

// A warden outlives its parent until its input ends, and has no terminal.
func TestAWardenHasASessionOfItsOwn(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("has neither sessions nor /dev/tty")
	}
	c := proc.Warden(self("session"), []string{proctest.QuickExit})
	c.Stdin = strings.NewReader("abc")
	out, err := proc.Output(c)
	if string(out) != "3 <nil> true\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}

func TestWatchParentEndsWithStandardInput(t *testing.T) {
	proctest.Tidy(t)
	c, in, line := output(t, "watch")
	if line != "ready" {
		t.Fatalf("it said %q", line)
	}
	if _, err := io.WriteString(in, "not the end"); err != nil {
		t.Error(err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Wait(); err == nil || err.Error() != "exit status 1" {
		t.Errorf("it ended with %v", err)
	}
}

func TestKillReachesTheWholeGroup(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	proctest.Tidy(t)
	c, _, line := output(t, "family")
	proc.Kill(c)
	if err := c.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the child ended with %v", err)
	}
	grandchild, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	proctest.WaitUntilGone(t, grandchild)
}

// The grandchild is in a group of its own and looks at nothing: only the
// kernel can tell it that its parent was killed.
func TestAChildDiesWithItsParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs PR_SET_PDEATHSIG; elsewhere a child must watch its standard input")
	}
	proctest.Tidy(t)
	c, _, line := output(t, "parent")
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the parent ended with %v", err)
	}
	grandchild, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	proctest.WaitUntilGone(t, grandchild)
}

// onAThread calls f on a thread that ends afterwards. The first thread of a process
// never ends.
func onAThread(f func()) {
	done := make(chan bool)
	go func() {
		runtime.LockOSThread() // and never unlocked
		if firstThread() {
			onAThread(f)
			runtime.UnlockOSThread()
		} else {
			f()
		}
		close(done)
	}()
	<-done
}

// The thread that called Start ends; the child is not killed by that.
func TestAChildOutlivesTheThreadThatAskedForIt(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs PR_SET_PDEATHSIG")
	}
	proctest.Tidy(t)
	c := proc.Command(self("read"), []string{proctest.QuickExit})
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	c.Stdout = &out
	onAThread(func() { err = proc.Start(c) })
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // the thread ends meanwhile
	if _, err := io.WriteString(in, "alive"); err != nil {
		t.Error(err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Wait(); err != nil || out.String() != "5 <nil>\n" {
		t.Errorf("it said %q and ended with %v", out.String(), err)
	}
}

// It is killed also when it has left its process group.
func TestKillReachesAChildInAnotherGroup(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("tested on Linux")
	}
	proctest.Tidy(t)
	c, _, line := output(t, "leave")
	if line != "left" {
		t.Errorf("it said %q", line)
	}
	proc.Kill(c)
	if err := c.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the child ended with %v", err)
	}
}

// A guarded command leaves no process, whether the process that wanted it was killed
// or lets go of it.
func TestAGuardedCommandLeavesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	proctest.Tidy(t)
	c, _, line := output(t, "guarding parent") // of a grandchild of the guard
	grandchild, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Process.Kill()
	if err := c.Wait(); err == nil {
		t.Error("the parent was not killed")
	}
	proctest.WaitUntilGone(t, grandchild)

	c = proc.Guarded(self("guard"), self("family"), []string{proctest.QuickExit})
	in, out := proctest.Start(t, c)
	if line, err = bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if grandchild, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Wait(); err == nil {
		t.Error("the guard of a killed command ended well")
	}
	proctest.WaitUntilGone(t, grandchild)
}

// The guard ends as its command does.
func TestAGuardHandsOnWhatItsCommandSays(t *testing.T) {
	proctest.Tidy(t)
	for want, argv := range map[string][]string{
		`"A=1\n" <nil>`:          self("environment"),
		`"" exit status 7`:       {"/bin/sh", "-c", "exit 7"},
		`"" exit status 1`:       {"/bin/sh", "-c", "kill -9 $$"},
		`"half" exit status 255`: {"/bin/sh", "-c", "printf half; exit 255"},
	} {
		c := proc.Guarded(self("guard"), argv, []string{"A=1"})
		if _, err := c.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		out, err := proc.Output(c)
		if said := fmt.Sprintf("%q %v", out, err); said != want {
			t.Errorf("%q: %s, want %s", argv, said, want)
		}
	}
}

func ExampleCommand() {
	c := proc.Command([]string{"/bin/sh", "-c", "echo $GREETING $HOME"}, []string{"GREETING=hello"})
	out, err := proc.Output(c)
	fmt.Printf("%q %v\n", out, err) // nothing of the parent's environment
	// Output: "hello\n" <nil>
}
