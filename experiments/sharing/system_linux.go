package sharing

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// flock takes or gives back a lock on a file (flock(2)). It keeps apart only
// those who opened the file themselves.
func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			if err != nil {
				return fmt.Errorf("locking %s: %w", f.Name(), err)
			}
			return nil
		}
	}
}

const (
	exclusive = unix.LOCK_EX
	unlocked  = unix.LOCK_UN
)

// block makes a descriptor's calls block in the kernel. A pipe of Go's does not,
// and then a long write is cut where the pipe is full.
func block(f *os.File) error { return unix.SetNonblock(int(f.Fd()), false) }

// heritable leaves a file open in the programs that this process starts, under the
// same number, as it is in C where nothing else is said.
func heritable(f *os.File) error {
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0); err != nil {
		return fmt.Errorf("letting a child have %s: %w", f.Name(), err)
	}
	return nil
}

// terminal opens a pseudo-terminal (pty(7)): what is written to line comes out at
// screen. It becomes nobody's controlling terminal.
func terminal() (screen, line *os.File, err error) {
	screen, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	raw, err := screen.SyscallConn()
	if err != nil {
		return nil, nil, errors.Join(err, screen.Close())
	}
	var number int
	var failed error
	err = raw.Control(func(fd uintptr) {
		if number, failed = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); failed == nil {
			failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		}
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		line, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, nil, errors.Join(err, screen.Close())
	}
	return screen, line, nil
}

// threadID is the number of this kernel thread.
func threadID() int { return unix.Gettid() }

// fault reads memory that may not be read. Go's runtime would make it a panic;
// without its handler the kernel ends the process by SIGSEGV, as in most other
// languages.
func fault() error {
	// No core file: it would cost time and a reader's disk.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("switching off core files: %w", err)
	}
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return fmt.Errorf("mapping a page: %w", err)
	}
	if err := defaultAction(unix.SIGSEGV); err != nil {
		return err
	}
	return fmt.Errorf("reading a page that may not be read gave %d", page[0])
}

// limitMemory lets this process map so many bytes more and no further.
func limitMemory(more uint64) error {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return fmt.Errorf("reading the size of this process: %w", err)
	}
	var pages uint64
	if _, err := fmt.Sscan(string(text), &pages); err != nil {
		return fmt.Errorf("reading the size of this process: %w", err)
	}
	limit := pages*uint64(os.Getpagesize()) + more
	if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		return fmt.Errorf("limiting the memory of this process: %w", err)
	}
	return nil
}
