package usage

import (
	"fmt"
	"os"
)

// PSS is the proportional set size of the process pid in bytes: a resident page that
// n processes share counts 1/n for each. One that has ended has none.
func PSS(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	bytes, known := kib(text, "\nPss:")
	if !known {
		return 0, fmt.Errorf("reading the memory of process %d: /proc/%d/smaps_rollup has no line Pss", pid, pid)
	}
	return bytes, nil
}
