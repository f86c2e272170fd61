package main

import (
	"fmt"
	"strings"

	"github.com/shirou/gopsutil/v3/mem"

	"parcon/runner/cgroup"
)

// coresOf are those that this process may keep busy, in parts of one where a quota says so.
func coresOf() float64 {
	cores := float64(cgroup.Cores())
	if quota, limited := cgroup.Quota(); limited && quota > cores && quota < cores+1 {
		return quota
	}
	return cores
}

// shareOfMemory is how much of the memory that is available all workers may take together.
const shareOfMemory = 0.8

// mayTake is how much memory all workers may take together, 0 if it is not known.
func (q asking) mayTake() (float64, error) {
	if q.memory != "" {
		bytes, ok := parseBytes(q.memory)
		if !ok {
			return 0, wrongUsage("--max-memory %s: give a size such as 500MB or 2GB", q.memory)
		}
		return bytes, nil
	}
	available := 0.0
	if m, err := mem.VirtualMemory(); err == nil {
		available = float64(m.Available)
	}
	if left, limited := cgroup.Memory(); limited && (available == 0 || float64(left) < available) {
		available = float64(left)
	}
	return shareOfMemory * available, nil
}

// parseBytes reads "500MB", "2G" or "1.5 GiB": K, M, G and T are powers of 1024.
func parseBytes(text string) (float64, bool) {
	text = strings.ToUpper(strings.TrimSpace(text))
	text = strings.TrimSuffix(strings.TrimSuffix(text, "B"), "I")
	unit := 1.0
	if i := strings.IndexByte("KMGT", last(text)); i >= 0 && text != "" {
		text, unit = text[:len(text)-1], float64(int64(1)<<(10*(i+1)))
	}
	var n float64
	if _, err := fmt.Sscanf(text+"\n", "%g\n", &n); err != nil || !(n*unit >= 1 && n*unit <= 1<<60) {
		return 0, false
	}
	return n * unit, true
}

func last(text string) byte {
	if text == "" {
		return 0
	}
	return text[len(text)-1]
}
