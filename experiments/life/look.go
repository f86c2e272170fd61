package life

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// look reads the state of a process. there is false if no process has that PID.
func look(pid int) (s stat, there bool, err error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	text, err := os.ReadFile(path)
	// ESRCH: it ended between the opening and the reading.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return stat{}, false, nil
	}
	if err != nil {
		return stat{}, false, fmt.Errorf("looking at process %d: %w", pid, err)
	}
	s, ok := parseStat(text)
	if !ok {
		return stat{}, false, fmt.Errorf("looking at process %d: %s is in a format that is not known: %.80q", pid, path, text)
	}
	return s, true, nil
}

// parentOf returns the PID of a process's parent.
func parentOf(pid int) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("asking for the parent of process %d: %w", pid, err)
	}
	parent, ok := parseParent(text)
	if !ok {
		return 0, fmt.Errorf("asking for the parent of process %d: its status names none", pid)
	}
	return parent, nil
}

// gone says whether no process has this PID any more, or another one that
// started later.
func gone(pid int, was stat) (bool, error) {
	now, there, err := look(pid)
	return !there || now.start != was.start, err
}

// buried waits until a process that somebody else has to wait for is gone, or
// the time is over.
func buried(pid int, was stat, until time.Time) (bool, error) {
	for {
		is, err := gone(pid, was)
		if is || err != nil || time.Now().After(until) {
			return is, err
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// readAgain reads a small file of /proc from its start. An open file is read in
// a few microseconds, and stays that of its process or thread even if its number
// is used again.
func readAgain(f *os.File, buf []byte) ([]byte, error) {
	n, err := f.ReadAt(buf, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	return buf[:n], nil
}
