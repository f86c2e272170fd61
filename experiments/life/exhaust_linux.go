package life

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// become makes this process another user's, who is in no group but one of the same
// number; 0 is no other. The kernel takes that for a reason to forget whose death
// this process is to die with (PR_SET_PDEATHSIG, prctl(2)), so it is told again, by
// a thread that stays.
func become(user int) error {
	if user == 0 {
		return nil
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(user); err != nil {
		return err
	}
	if err := syscall.Setuid(user); err != nil {
		return err
	}
	runtime.LockOSThread()
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}

// bury waits for children that ended, or are about to.
func bury(pids []int, until time.Time) error {
	for _, pid := range pids {
		for {
			got, err := unix.Wait4(pid, nil, unix.WNOHANG, nil)
			if err != nil && !errors.Is(err, unix.EINTR) {
				return fmt.Errorf("burying process %d: %w", pid, err)
			}
			if got == pid {
				break
			}
			if time.Now().After(until) {
				return fmt.Errorf("burying process %d: it has not ended", pid)
			}
			time.Sleep(200 * time.Microsecond)
		}
	}
	return nil
}
