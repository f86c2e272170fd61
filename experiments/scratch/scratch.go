// Package scratch makes the files that a trial writes to, of which nothing is left
// when it is gone, also when it was killed.
//
// On Linux a file has no name from the beginning (O_TMPFILE, open(2)). Where the
// system or the file system cannot make one, it has a name until it is open, and
// where an open file keeps its name, until it is closed: for what a killed process
// left then, the parent of trials calls Clear.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// prefix begins the names in a folder. The number of the process that made it
// follows.
const prefix = "parcon-scratch-"

// File makes a file in a folder, open to read and write. It has no name any more
// where that is possible.
func File(dir string) (*os.File, error) {
	if f, err := unnamed(dir); err == nil {
		return f, nil
	}
	f, err := os.CreateTemp(dir, Name()+"-")
	if err != nil {
		return nil, fmt.Errorf("making a file: %w", err)
	}
	_ = os.Remove(f.Name()) // Windows keeps the name of an open file
	return f, nil
}

// Name is for what this process makes in a folder and cannot make without a name.
func Name() string { return prefix + strconv.Itoa(os.Getpid()) }

// Clear removes from a folder what processes left there that are gone.
func Clear(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for files that killed processes left: %w", err)
	}
	var errs []error
	for _, e := range entries {
		number, found := strings.CutPrefix(e.Name(), prefix)
		number, _, _ = strings.Cut(number, "-")
		pid, err := strconv.Atoi(number)
		if !found || err != nil || alive(pid) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("removing what a killed process left: %w", err))
		}
	}
	return errors.Join(errs...)
}

// alive says whether there is a process of that number, as far as the system tells.
// Windows does not, but lets nobody remove a file that is open.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, fs.ErrPermission)
}
