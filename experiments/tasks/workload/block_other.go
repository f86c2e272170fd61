//go:build !linux

package workload

import (
	"errors"
	"time"
)

func stopThread(time.Duration) error {
	return errors.New("blocking a thread in the kernel: tried on Linux only")
}
