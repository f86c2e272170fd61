//go:build !linux

package ipc_test

import (
	"errors"
	"os"
	"os/exec"
	"testing"

	"parcon/experiments/ipc"
)

func TestElsewhereItIsUnsupported(t *testing.T) {
	_, queue := ipc.NewQueue(1, 1)
	_, opened := ipc.OpenLock(os.Stdin)
	_, _, pipe := ipc.NewPipe()
	_, process := ipc.Start(exec.Command("true"), true)
	for _, err := range []error{queue, opened, pipe, process} {
		if !errors.Is(err, ipc.ErrUnsupported) {
			t.Error(err)
		}
	}
}
