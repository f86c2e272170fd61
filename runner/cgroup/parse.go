package cgroup

import (
	"bytes"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parseGroup finds the group that a controller decides over in /proc/self/cgroup,
// lines of "ID:CONTROLLERS:PATH": that of version 1 with the controller, or
// else that of version 2, "0::PATH".
func parseGroup(text []byte, controller string) (version int, in string, found bool) {
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) < 3 || !strings.HasPrefix(parts[2], "/") {
			continue
		}
		switch {
		case slices.Contains(strings.Split(parts[1], ","), controller):
			return 1, parts[2], true
		case parts[0] == "0" && parts[1] == "":
			version, in, found = 2, parts[2], true
		}
	}
	return version, in, found
}

// mount is a mounted hierarchy, or the part of one below the group root.
type mount struct{ root, point string }

// parseMounts finds the hierarchies of that version, of version 1 those with
// the controller, in /proc/self/mountinfo:
//
//	36 35 98:0 ROOT POINT rw,noatime master:1 - TYPE SOURCE rw,cpu,cpuacct
func parseMounts(text []byte, version int, controller string) []mount {
	var mounts []mount
	for line := range strings.Lines(string(text)) {
		before, after, found := strings.Cut(line, " - ")
		at, kind := strings.Fields(before), strings.Fields(after)
		if !found || len(at) < 5 || len(kind) < 3 {
			continue
		}
		m := mount{unescape(at[3]), unescape(at[4])}
		if !strings.HasPrefix(m.root, "/") || !strings.HasPrefix(m.point, "/") {
			continue
		}
		options := strings.Split(kind[2], ",")
		if version == 2 && kind[0] == "cgroup2" ||
			version == 1 && kind[0] == "cgroup" && slices.Contains(options, controller) {
			mounts = append(mounts, m)
		}
	}
	return mounts
}

// unescape turns \040 and the like, with which the kernel writes spaces, tabs,
// line ends and backslashes, into what they stand for.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// maxPath is the kernel's bound on the length of a path (PATH_MAX, limits.h).
const maxPath = 4096

// dirs are the folders of the group in and of those above it that m shows, from
// the bottom up. whole is false if m does not show the group itself: then it is
// the mount point alone, which in a container without a namespace of its own is
// the container's group. A group outside of the namespace ("/../other") is
// nowhere.
func (m mount) dirs(in string) (dirs []string, whole bool) {
	top := strings.TrimPrefix(path.Clean(m.point), "/")
	if top == "" {
		top = "."
	}
	below, whole := strings.CutPrefix(in, strings.TrimSuffix(m.root, "/"))
	whole = whole && (below == "" || below[0] == '/')
	if !whole {
		below = ""
	}
	if outside(below) || !whole && outside(in) || len(below) > maxPath {
		return nil, false
	}
	for below = path.Clean("/" + below); below != "/"; below = path.Dir(below) {
		dirs = append(dirs, path.Join(top, below))
	}
	return append(dirs, top), whole
}

func outside(group string) bool { return slices.Contains(strings.Split(group, "/"), "..") }

// parseMax reads a cpu.max of version 2: "50000 100000", the microseconds that
// may be used in each period of so many, or "max 100000".
func parseMax(text []byte) (cores float64, limited bool) {
	fields := bytes.Fields(text)
	if len(fields) != 2 || string(fields[0]) == "max" {
		return 0, false
	}
	return parseQuota(fields[0], fields[1])
}

// parseQuota reads cpu.cfs_quota_us and cpu.cfs_period_us of version 1; a quota
// of -1 is none.
func parseQuota(quota, period []byte) (cores float64, limited bool) {
	q, err1 := strconv.ParseInt(string(bytes.TrimSpace(quota)), 10, 64)
	p, err2 := strconv.ParseInt(string(bytes.TrimSpace(period)), 10, 64)
	if err1 != nil || err2 != nil || q <= 0 || p <= 0 {
		return 0, false
	}
	return float64(q) / float64(p), true
}

// parseThrottled reads a cpu.stat: "throttled_usec N" in version 2,
// "throttled_time N", nanoseconds, in version 1. A group without the line has no
// limit and was never held back. understood is false if the number is none.
func parseThrottled(text []byte) (total time.Duration, understood bool) {
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) == 0 {
			continue
		}
		var unit time.Duration
		switch string(fields[0]) {
		case "throttled_usec":
			unit = time.Microsecond
		case "throttled_time":
			unit = time.Nanosecond
		default:
			continue
		}
		if len(fields) != 2 {
			return 0, false
		}
		n, err := strconv.ParseInt(string(fields[1]), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/int64(unit) {
			return 0, false
		}
		return time.Duration(n) * unit, true
	}
	return 0, true
}
