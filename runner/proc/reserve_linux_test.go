package proc_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

func TestReservedThreadsStay(t *testing.T) {
	proctest.Tidy(t)
	const threads = 20
	if err := (proc.Room{Threads: threads, Memory: 1 << 20, Files: 3}).Reserve(self("room")); err != nil {
		t.Fatal(err)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	if len(tasks) < threads {
		t.Errorf("%d threads", len(tasks))
	}
}

// What the system does not have is said, in a line, by a process that goes on.
func TestWantOfRoomIsAnError(t *testing.T) {
	proctest.Tidy(t)
	for _, room := range []proc.Room{{Threads: 1, Memory: 1 << 46}, {Threads: 1, Addresses: 1 << 50}} {
		err := room.Reserve(self("room"))
		if !errors.Is(err, syscall.EAGAIN) || strings.Contains(err.Error(), "\n") {
			t.Errorf("for %+v: %v", room, err)
			continue
		}
		// Under the race detector Go has other words for it.
		if !strings.Contains(err.Error(), "memory") && !strings.Contains(err.Error(), "address space") {
			t.Errorf("for %+v: %v", room, err)
		}
	}
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	few := was
	few.Cur = 40
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &was)
	for files, want := range map[int]error{10: nil, 40: syscall.EMFILE} {
		if err := (proc.Room{Threads: 1, Files: files}).Reserve(self("room")); !errors.Is(err, want) {
			t.Errorf("for %d files: %v, want %v", files, err, want)
		}
	}
}
