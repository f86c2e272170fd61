package results

import (
	"errors"
	"fmt"
)

// errLocked says that another process has the lock.
var errLocked = errors.New("locked")

// Lock makes the folder of a run this process's own until it unlocks it or ends,
// however it ends. Two runs never write into one folder. Where the system has no
// such lock (Windows) nothing is locked.
func Lock(dir string) (unlock func(), err error) {
	unlock, err = lock(dir)
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("another run is writing into %s: wait for its end or interrupt it, or name another folder with --out", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("locking the folder of the run: %w", err)
	}
	return unlock, nil
}
