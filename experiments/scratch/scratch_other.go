//go:build !linux

package scratch

import (
	"errors"
	"os"
)

// unnamed fails: it needs Linux.
func unnamed(string) (*os.File, error) { return nil, errors.ErrUnsupported }
