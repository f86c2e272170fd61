package ipc_test

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parcon/experiments/ipc"
	"parcon/runner/proc/proctest"
)

func TestEndsOfAProcessAreToldApart(t *testing.T) {
	proctest.Tidy(t)
	ctx, cancel := soon()
	defer cancel()
	for _, c := range []struct {
		how  string
		do   func(*ipc.Process) error
		want ipc.Status
		text string
	}{
		{"done", nil, ipc.Status{}, "done"},
		{"error", nil, ipc.Status{Code: 7}, "exit code 7"},
		{"wait", (*ipc.Process).Kill, ipc.Status{Signal: syscall.SIGKILL}, "signal: killed"},
		{"wait", (*ipc.Process).Terminate, ipc.Status{Signal: syscall.SIGTERM}, "signal: terminated"},
	} {
		cmd := child(t, nil, "end", c.how)
		cmd.Stderr = nil
		p, err := ipc.Start(cmd, true)
		if err != nil {
			t.Fatal(err)
		}
		if c.do != nil {
			if !p.Alive() {
				t.Errorf("%s: it is not alive", c.how)
			}
			if err := c.do(p); err != nil {
				t.Error(err)
			}
		}
		status, err := p.Join(ctx)
		if err != nil || status != c.want || status.String() != c.text || status.Done() != (c.text == "done") {
			t.Errorf("%s: %v, %v, want %v", c.how, status, err, c.want)
		}
		if p.Alive() || p.Kill() != nil || p.Terminate() != nil {
			t.Errorf("%s: it can be killed again", c.how)
		}
	}
}

// A Go program that faults prints what it did and exits with 2.
func TestAFaultIsAnError(t *testing.T) {
	proctest.Tidy(t)
	cmd := child(t, nil, "end", "fault")
	cmd.Stderr = nil
	p, err := ipc.Start(cmd, true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := soon()
	defer cancel()
	if status, err := p.Join(ctx); err != nil || status != (ipc.Status{Code: 2}) {
		t.Error(status, err)
	}
}

func TestJoinGivesUpWaitingNotTheChild(t *testing.T) {
	proctest.Tidy(t)
	p := start(t, nil, "end", "wait")
	short, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := p.Join(short); err != context.DeadlineExceeded {
		t.Error(err)
	}
	if !p.Alive() || syscall.Kill(p.Pid(), 0) != nil {
		t.Error("the child is gone")
	}
}

func TestStartSaysWhyNot(t *testing.T) {
	proctest.Tidy(t)
	if _, err := ipc.Start(exec.Command("/no/such/program"), true); err == nil || !strings.HasPrefix(err.Error(), "starting /no/such/program: ") {
		t.Error(err)
	}
}

// The end of the thread that called Start is not the end of a daemon.
func TestADaemonOutlivesTheCallersThread(t *testing.T) {
	proctest.Tidy(t)
	a, b := pipe(t)
	started := make(chan *ipc.Process)
	go func() {
		runtime.LockOSThread() // and never unlocked: its thread ends here
		p, err := ipc.Start(child(t, objects(b), "echo"), true)
		if err != nil {
			t.Error(err)
		}
		started <- p
	}()
	p := <-started
	if p == nil {
		return
	}
	ctx, cancel := soon()
	defer cancel()
	for range 20 { // the thread ends meanwhile
		if err := a.Send(ctx, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Recv(ctx); err != nil {
			t.Fatal(err)
		}
	}
	_ = a.Close()
	_ = b.Close()
	done(t, p)
}

// family starts a parent that starts a daemon or another child with one end of a
// pipe, and returns the other end: it sees the end of file when the grandchild is
// gone, and the grandchild sees it when this process is.
func family(t *testing.T, daemon string) (parent *exec.Cmd, in io.Closer, end *ipc.End, grandchild int) {
	t.Helper()
	end, theirs := pipe(t)
	parent = child(t, objects(theirs), "parent", daemon)
	stdin, stdout := proctest.Start(t, parent)
	if err := theirs.Close(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if grandchild, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		t.Fatal(err)
	}
	return parent, stdin, end, grandchild
}

func TestADaemonEndsWithItsParent(t *testing.T) {
	proctest.Tidy(t)
	ctx, cancel := soon()
	defer cancel()
	for _, killed := range []bool{false, true} {
		parent, in, end, grandchild := family(t, "daemon")
		if killed {
			_ = parent.Process.Kill()
		} else {
			_ = in.Close()
		}
		_ = parent.Wait()
		if message, err := end.Recv(ctx); err != io.EOF {
			t.Errorf("killed %v: %q, %v", killed, message, err)
		}
		proctest.WaitUntilGone(t, grandchild)
	}
}

func TestAnotherChildOutlivesItsParent(t *testing.T) {
	proctest.Tidy(t)
	ctx, cancel := soon()
	defer cancel()
	for _, killed := range []bool{false, true} {
		parent, in, end, grandchild := family(t, "not")
		if killed {
			_ = parent.Process.Kill()
		} else {
			_ = in.Close()
		}
		_ = parent.Wait()
		if err := end.Send(ctx, []byte("still there?")); err != nil {
			t.Error(err)
		}
		if message, err := end.Recv(ctx); err != nil || string(message) != "still there?" {
			t.Errorf("killed %v: %q, %v", killed, message, err)
		}
		_ = end.Close()
		proctest.WaitUntilGone(t, grandchild)
	}
}

// Whoever still holds the pipes of a process that ended: Join returns, and says how
// it ended.
func TestAJoinWaitsForTheProcessAlone(t *testing.T) {
	ctx, cancel := soon()
	defer cancel()
	var out, complaint strings.Builder
	cmd := exec.Command("/bin/sh", "-c", "sleep 30 & echo $! >&2; exit 7")
	cmd.Stdout, cmd.Stderr = &out, &complaint
	p, err := ipc.Start(cmd, false)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := p.Join(ctx); err != nil || status.Code != 7 || p.Alive() {
		t.Errorf("%v, %v, alive: %v", status, err, p.Alive())
	}
	sleeper, err := strconv.Atoi(strings.TrimSpace(complaint.String()))
	if err != nil {
		t.Fatal(err)
	}
	_ = syscall.Kill(sleeper, syscall.SIGKILL)
}
