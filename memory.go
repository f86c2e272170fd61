package main

import (
	"math"
	"strconv"
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
		return size("--max-memory", q.memory)
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

// size reads "64MB", "1.5GiB" or "4096": K, M and G are powers of 1024.
func size(flag, text string) (float64, error) {
	value := strings.ToUpper(strings.TrimSpace(text))
	value = strings.TrimSuffix(strings.TrimSuffix(value, "B"), "I")
	factor := 1.0
	for i, unit := range []string{"K", "M", "G", "T"} {
		if cut, ok := strings.CutSuffix(value, unit); ok {
			value, factor = cut, math.Pow(1024, float64(i+1))
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(n*factor >= 1 && n*factor <= 1<<60) {
		return 0, wrongUsage("%s %q: give a size, such as 64MB or 2GB", flag, text)
	}
	return n * factor, nil
}
