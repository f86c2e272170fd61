package usage

import (
	"fmt"
	"os"
)

// A Resident reads the memory of a process, as often as it is asked: also when no
// descriptor is left.
type Resident struct{ rollup *os.File }

// OpenPSS prepares that for the process pid.
func OpenPSS(pid int) (Resident, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return Resident{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	return Resident{f}, nil
}

// Close lets go of the descriptor.
func (r Resident) Close() { _ = r.rollup.Close() }

// PSS is the proportional set size in bytes: a resident page that n processes share
// counts 1/n for each. A process that has ended has none.
func (r Resident) PSS() (int64, error) {
	var text [4096]byte // the file has some 900
	n, err := r.rollup.ReadAt(text[:], 0)
	if bytes, known := kib(text[:n], "\nPss:"); known {
		return bytes, nil
	}
	return 0, fmt.Errorf("reading the memory of a process: %s has no line Pss: %w", r.rollup.Name(), err)
}

// PSS is that of the process pid, read once.
func PSS(pid int) (int64, error) {
	r, err := OpenPSS(pid)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	return r.PSS()
}
