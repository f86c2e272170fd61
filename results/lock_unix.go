//go:build unix

package results

import (
	"errors"
	"os"
	"syscall"
)

// lock uses flock(2) on the folder itself: the kernel gives it back when the
// process ends. File systems that have no locks are not locked.
func lock(dir string) (func(), error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, errLocked
	}
	return func() { _ = f.Close() }, nil
}
