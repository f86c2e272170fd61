package child

import (
	"strings"
	"testing"
	"testing/fstest"
)

// Each limit of the system is found, with what it leaves, and none where there is room.
func TestRoomForACrowd(t *testing.T) {
	const limits = "Limit                     Soft Limit           Hard Limit           Units     \n" +
		"Max processes             %            96365                processes \n"
	machine := func(threads, pids, user string) fstest.MapFS {
		files := fstest.MapFS{"proc/loadavg": {Data: []byte("0.1 0.2 0.3 3/200 4711\n")}}
		files["proc/sys/kernel/threads-max"] = &fstest.MapFile{Data: []byte(threads + "\n")}
		files["proc/sys/kernel/pid_max"] = &fstest.MapFile{Data: []byte(pids + "\n")}
		files["proc/self/limits"] = &fstest.MapFile{Data: []byte(strings.Replace(limits, "%", user, 1))}
		return files
	}
	for name, c := range map[string]struct {
		system fstest.MapFS
		root   bool
		groups int
		want   string
	}{
		"room":                      {machine("200000", "32768", "96365"), false, -1, ""},
		"room in the group":         {machine("200000", "32768", "96365"), false, 10_500, ""},
		"few numbers":               {machine("200000", "8192", "96365"), false, -1, "kernel.pid_max leaves room for 7492"},
		"few threads":               {machine("10000", "32768", "96365"), false, -1, "kernel.threads-max leaves room for 9300"},
		"a small group":             {machine("200000", "32768", "96365"), true, 512, "pids.max of a control group leaves room for 12"},
		"a full group":              {machine("200000", "32768", "96365"), true, 3, "pids.max of a control group leaves room for 0"},
		"a user's":                  {machine("200000", "32768", "4096"), false, -1, "the limit of a user (RLIMIT_NPROC, ulimit -u) leaves room for 3596"},
		"a user's, who is root":     {machine("200000", "32768", "4096"), true, -1, ""},
		"a user's, of whom none is": {machine("200000", "32768", "unlimited"), false, -1, ""},
		"a system that tells none":  {fstest.MapFS{}, false, -1, ""},
	} {
		got := tooMany(10_000, c.system, c.root, c.groups)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
