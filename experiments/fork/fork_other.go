//go:build !linux

// Package fork makes a bare copy of this process, as fork(2) does, without a
// program. It knows Linux only.
package fork

import (
	"errors"
	"fmt"
)

// System calls of copies.
const (
	Read = iota
	Send
	Close
	Seek
	Futex
)

var errLinux = fmt.Errorf("copying this process needs Linux: %w", errors.ErrUnsupported)

// Write fails: see the package comment.
func Write(*int64, uint8) (int64, error) { return 0, errLinux }

// Start fails too.
func Start([]Call) (*Copy, error) { return nil, errLinux }

// PID is that of a copy, of which there is none.
func (c *Copy) PID() int { return c.pid }

// Wait fails too.
func (c *Copy) Wait() (int, error) { return 0, errLinux }

// Limited fails too.
func Limited(uint64) (*Copy, error) { return nil, errLinux }
