//go:build !linux

// Package fork makes a bare copy of this process, as fork(2) does, without a
// program. It knows Linux only.
package fork

import (
	"errors"
	"fmt"
)

// Write fails: see the package comment.
func Write(*int64, uint8) (int64, error) {
	return 0, fmt.Errorf("copying this process needs Linux: %w", errors.ErrUnsupported)
}
