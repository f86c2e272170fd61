package locking

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"parcon/experiments/ipc"
)

// openFlock opens a lock on a file (flock(2)). The lock belongs to the opening: each
// process opens the file itself, and the kernel closes it with the process.
func openFlock(path string, _ bool) (killable, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return killable{}, fmt.Errorf("opening a file to lock: %w", err)
	}
	return killable{polled(func() (bool, error) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("locking a file: %w", err)
		}
		return true, nil
	}), f.Close, nil}, nil
}

// A robust is a lock that the kernel knows: one thread's list of such locks, with
// this one in it, in shared memory (struct robust_list_head in linux/futex.h;
// Documentation/locking/robust-futex-ABI.rst of the kernel).
type robust struct {
	// The list: a pointer to its first entry, how far behind an entry its word lies,
	// and a lock that is just being taken: none, for the entry is always there.
	first, offset, pending uintptr
	entry                  uintptr // points to the next entry: to the list again, it is the last
	// word is 0, or the number of the thread that holds the lock. When that ends the
	// kernel leaves ownerDied there.
	word atomic.Uint32
}

// ownerDied is FUTEX_OWNER_DIED.
const ownerDied = 0x40000000

func openRobust(_ string, inherited bool) (killable, error) {
	if inherited {
		r, err := inherit[robust](0)
		if err == nil {
			err = r.register()
		}
		return killable{take: polled(r.try)}, err
	}
	m, err := share[robust]()
	if err != nil {
		return killable{}, err
	}
	return killable{polled(m.at.try), m.Free, []ipc.Object{m}}, nil
}

// try takes the lock for this thread if nobody has it, or its holder died.
func (r *robust) try() (bool, error) {
	was := r.word.Load()
	return was&^ownerDied == 0 && r.word.CompareAndSwap(was, uint32(unix.Gettid())), nil
}

// register tells the kernel of the lock, for the thread of the caller, which keeps it.
func (r *robust) register() error {
	runtime.LockOSThread()
	r.first, r.entry = uintptr(unsafe.Pointer(&r.entry)), uintptr(unsafe.Pointer(&r.first))
	r.offset = unsafe.Offsetof(r.word) - unsafe.Offsetof(r.entry)
	_, _, errno := unix.Syscall(unix.SYS_SET_ROBUST_LIST, uintptr(unsafe.Pointer(r)), unsafe.Offsetof(r.entry), 0)
	if errno != 0 {
		return fmt.Errorf("telling the kernel of a robust futex: %w", errno)
	}
	return nil
}

// outlive lets a process live on when the one ends that started it.
func outlive(cmd *exec.Cmd) { cmd.SysProcAttr.Pdeathsig = 0 }
