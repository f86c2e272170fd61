package cgroup

import "testing"

// The group with the least room decides, and one without a number has no limit.
func TestTasks(t *testing.T) {
	v1 := mountV1 + "35 31 0:32 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
	for name, c := range map[string]struct {
		files   tree
		left    int
		limited bool
	}{
		"version 2, the limit is above": {tree{
			"proc/self/cgroup": "0::/a/b\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/a/pids.max": "100\n", "sys/fs/cgroup/a/pids.current": "40\n",
			"sys/fs/cgroup/a/b/pids.max": "max\n", "sys/fs/cgroup/a/b/pids.current": "30\n",
		}, 60, true},
		"version 2, that below has less room": {tree{
			"proc/self/cgroup": "0::/a/b\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/a/pids.max": "100\n", "sys/fs/cgroup/a/pids.current": "40\n",
			"sys/fs/cgroup/a/b/pids.max": "50\n", "sys/fs/cgroup/a/b/pids.current": "30\n",
		}, 20, true},
		"version 1, full": {tree{
			"proc/self/cgroup": "8:pids:/x\n1:cpu:/y\n", "proc/self/mountinfo": v1,
			"sys/fs/cgroup/pids/x/pids.max": "5\n", "sys/fs/cgroup/pids/x/pids.current": "6\n",
			"sys/fs/cgroup/pids/y/pids.max": "1\n", "sys/fs/cgroup/pids/y/pids.current": "1\n",
		}, 0, true},
		"no limit":                          {tree{"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/a/pids.max": "max\n"}, 0, false},
		"no control groups":                 {tree{}, 0, false},
		"what is no number":                 {tree{"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/a/pids.max": "-3\n", "sys/fs/cgroup/a/pids.current": "1\n"}, 0, false},
		"it is not said how many there are": {tree{"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mountV2, "sys/fs/cgroup/a/pids.max": "3\n"}, 0, false},
	} {
		root := c.files.fs()
		if left, limited := find(root, "pids").tasks(root); left != c.left || limited != c.limited {
			t.Errorf("%s: %d, %v, want %d, %v", name, left, limited, c.left, c.limited)
		}
	}
}
