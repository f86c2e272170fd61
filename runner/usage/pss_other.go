//go:build !linux

package usage

import "errors"

// PSS is not known here.
func PSS(int) (int64, error) { return 0, errors.New("reading the memory of a process: it needs Linux") }
