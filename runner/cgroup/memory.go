package cgroup

import (
	"bufio"
	"bytes"
	"io/fs"
	"path"
	"strconv"
)

// Memory is how many bytes more the groups that this process is in may take: that which has
// the least room. What a group holds of files that nobody uses just now counts as room.
// limited is false if there is no limit, or none that is known
// (Documentation/admin-guide/cgroup-v2.rst: memory.max, memory.current, memory.stat; of
// version 1: cgroup-v1/memory.rst).
func Memory() (left int, limited bool) { return find(system, "memory").memory(system) }

// unlimited is what version 1 has for no limit: some pages below 2^63.
const unlimited = 1 << 62

func (g group) memory(root fs.FS) (left int, limited bool) {
	limit, current := "memory.max", "memory.current"
	if g.version == 1 {
		limit, current = "memory.limit_in_bytes", "memory.usage_in_bytes"
	}
	for _, dir := range g.dirs {
		most, found := readCount(root, path.Join(dir, limit))
		now, known := readCount(root, path.Join(dir, current))
		if !found || !known || most >= unlimited {
			continue
		}
		if room := max(0, most-now+idleFiles(root, dir)); !limited || room < left {
			left, limited = room, true
		}
	}
	return left, limited
}

// idleFiles is what a group holds of files that nobody used lately.
func idleFiles(root fs.FS, dir string) int {
	text, err := fs.ReadFile(root, path.Join(dir, "memory.stat"))
	if err != nil {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if number, found := bytes.CutPrefix(lines.Bytes(), []byte("inactive_file ")); found {
			n, _ := strconv.Atoi(string(number))
			return n
		}
	}
	return 0
}
