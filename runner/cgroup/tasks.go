package cgroup

import (
	"bytes"
	"io/fs"
	"path"
	"strconv"
)

// Tasks is how many processes and threads more there may be in the groups that this
// process is in: in that which has the least room. limited is false if there is no limit,
// or none that is known (Documentation/admin-guide/cgroup-v2.rst: pids.max, pids.current).
func Tasks() (left int, limited bool) { return find(system, "pids").tasks(system) }

func (g group) tasks(root fs.FS) (left int, limited bool) {
	for _, dir := range g.dirs {
		most, found := readCount(root, path.Join(dir, "pids.max"))
		now, known := readCount(root, path.Join(dir, "pids.current"))
		if room := max(0, most-now); found && known && (!limited || room < left) {
			left, limited = room, true
		}
	}
	return left, limited
}

// readCount is the number that a file holds; "max" is none.
func readCount(root fs.FS, name string) (n int, found bool) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	n, err = strconv.Atoi(string(bytes.TrimSpace(text)))
	return n, err == nil && n >= 0
}
