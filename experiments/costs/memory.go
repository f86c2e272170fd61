package costs

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// memory is what the kernel says of processes added up: bytes, and threads.
type memory struct{ pss, rss, tables, threads int64 }

func (m memory) plus(n memory) memory {
	return memory{m.pss + n.pss, m.rss + n.rss, m.tables + n.tables, m.threads + n.threads}
}

func (m memory) minus(n memory) memory {
	return memory{m.pss - n.pss, m.rss - n.rss, m.tables - n.tables, m.threads - n.threads}
}

// readMemory reads the memory of one process. One that has ended is an error,
// also while nobody has waited for it: it has no memory.
func readMemory(pid int) (memory, error) {
	var m memory
	for _, f := range []struct {
		file, key string
		value     *int64
	}{
		// smaps_rollup goes first: a process that has ended has none.
		{"smaps_rollup", "Pss", &m.pss},
		{"smaps_rollup", "Rss", &m.rss},
		{"status", "VmPTE", &m.tables},
		{"status", "Threads", &m.threads},
	} {
		path := fmt.Sprintf("/proc/%d/%s", pid, f.file)
		text, err := os.ReadFile(path)
		if err != nil {
			return m, fmt.Errorf("reading the memory of process %d: %w", pid, err)
		}
		if *f.value, err = field(text, f.key); err != nil {
			return m, fmt.Errorf("reading the memory of process %d: %s: %w", pid, path, err)
		}
	}
	return m, nil
}

// readAll adds up the memory of processes. All of them must live.
func readAll(pids []int) (memory, error) {
	var sum memory
	for _, pid := range pids {
		m, err := readMemory(pid)
		if err != nil {
			return sum, err
		}
		sum = sum.plus(m)
	}
	return sum, nil
}

// field finds the line "Key:  123 kB" in a file of /proc (proc_pid_status(5),
// proc_pid_smaps(5)) and returns its value, in bytes if it is in kB.
func field(text []byte, key string) (int64, error) {
	for line := range bytes.Lines(text) {
		name, rest, found := bytes.Cut(line, []byte(":"))
		if !found || string(name) != key {
			continue
		}
		words := bytes.Fields(rest)
		if len(words) == 0 || len(words) > 2 {
			return 0, fmt.Errorf("%q is not a number", line)
		}
		n, err := strconv.ParseInt(string(words[0]), 10, 64)
		if err != nil || n < 0 || n > maxField {
			return 0, fmt.Errorf("%q is not a number from 0 to %d", line, int64(maxField))
		}
		if len(words) == 1 {
			return n, nil
		}
		if string(words[1]) != "kB" {
			return 0, fmt.Errorf("%q is neither a number nor in kB", line)
		}
		return n << 10, nil
	}
	return 0, fmt.Errorf("there is no line %s", key)
}

const maxField = 1 << 42 // in kB that is 4 EiB: as bytes it still fits
