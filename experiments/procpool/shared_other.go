//go:build !linux

package procpool

import (
	"errors"
	"os/exec"
)

// share shares nothing: the pool does without a ledger here.
func share[T any](*exec.Cmd) (shared *T, unmap, started func(), err error) {
	return nil, func() {}, func() {}, nil
}

func openShared[T any]() (*T, error) {
	return nil, errors.New("sharing memory with the pool: it needs Linux (memfd)")
}
