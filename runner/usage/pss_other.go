//go:build !linux

package usage

import "errors"

// A Resident knows nothing here.
type Resident struct{}

var errPSS = errors.New("reading the memory of a process: it needs Linux")

// OpenPSS says so.
func OpenPSS(int) (Resident, error) { return Resident{}, errPSS }

// Close has nothing to let go of.
func (Resident) Close() {}

// PSS is not known.
func (Resident) PSS() (int64, error) { return 0, errPSS }

// PSS is not known.
func PSS(int) (int64, error) { return 0, errPSS }
