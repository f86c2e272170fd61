//go:build !linux

package cost

import "errors"

// threadID does not tell threads apart here.
func threadID() int { return 0 }

var errFork = errors.New("a copy of a Go program needs Linux: choose another unit")

func canFork() error { return errFork }

func fork(int) error { return errFork }
