package cgroup

import (
	"fmt"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"
)

// tree is a file system of text files.
type tree map[string]string

func (t tree) fs() fstest.MapFS {
	files := fstest.MapFS{}
	for name, text := range t {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

const (
	mountV2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
	mountV1 = "31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n" +
		"33 31 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n" +
		"34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:11 - cgroup cgroup rw,cpu,cpuacct\n"
	mountUnified = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
)

func TestGroup(t *testing.T) {
	for _, c := range []struct {
		name      string
		files     tree
		cores     float64
		limited   bool
		throttled time.Duration
		known     bool
	}{
		{
			name: "version 2, a service", cores: 0.5, limited: true, throttled: 1500 * time.Microsecond, known: true,
			files: tree{
				"proc/self/cgroup":                                "0::/system.slice/x.service\n",
				"proc/self/mountinfo":                             mountV2,
				"sys/fs/cgroup/cpu.stat":                          "usage_usec 99\nuser_usec 50\nsystem_usec 49\n",
				"sys/fs/cgroup/system.slice/cpu.max":              "max 100000\n",
				"sys/fs/cgroup/system.slice/cpu.stat":             "usage_usec 9\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
				"sys/fs/cgroup/system.slice/x.service/cpu.max":    "50000 100000\n",
				"sys/fs/cgroup/system.slice/x.service/cpu.stat":   "usage_usec 9\nnr_periods 5\nnr_throttled 2\nthrottled_usec 1500\nnr_bursts 0\n",
				"sys/fs/cgroup/system.slice/another.svc/cpu.max":  "10000 100000\n",
				"sys/fs/cgroup/system.slice/another.svc/cpu.stat": "throttled_usec 77\n",
			},
		},
		{
			name: "version 2, the limit is above and the group has no cpu controller", cores: 1.5, limited: true, throttled: 7 * time.Microsecond, known: true,
			files: tree{
				"proc/self/cgroup":           "0::/a/b/c\n",
				"proc/self/mountinfo":        mountV2,
				"sys/fs/cgroup/a/cpu.max":    "150000 100000\n",
				"sys/fs/cgroup/a/cpu.stat":   "usage_usec 9\nthrottled_usec 7\n",
				"sys/fs/cgroup/a/b/cpu.max":  "200000 100000\n",
				"sys/fs/cgroup/a/b/cpu.stat": "usage_usec 9\nthrottled_usec 0\n",
				"sys/fs/cgroup/a/b/c/x":      "",
			},
		},
		{
			name: "version 2, a container with a namespace", cores: 2, limited: true, throttled: 3 * time.Microsecond, known: true,
			files: tree{
				"proc/self/cgroup":       "0::/\n",
				"proc/self/mountinfo":    mountV2,
				"sys/fs/cgroup/cpu.max":  "400000 200000\n",
				"sys/fs/cgroup/cpu.stat": "usage_usec 9\nthrottled_usec 3\n",
			},
		},
		{
			name: "version 2, the root without a limit", known: true,
			files: tree{
				"proc/self/cgroup":       "0::/\n",
				"proc/self/mountinfo":    mountV2,
				"sys/fs/cgroup/cpu.stat": "usage_usec 9\nuser_usec 5\nsystem_usec 4\n",
			},
		},
		{
			name: "version 2, the path of the host but the mount of the container", cores: 3, limited: true, throttled: 4 * time.Microsecond, known: true,
			files: tree{
				"proc/self/cgroup":       "0::/docker/abc\n",
				"proc/self/mountinfo":    mountV2,
				"sys/fs/cgroup/cpu.max":  "300000 100000\n",
				"sys/fs/cgroup/cpu.stat": "throttled_usec 4\n",
			},
		},
		{
			name: "version 2, outside of the namespace",
			files: tree{
				"proc/self/cgroup":             "0::/../other\n",
				"proc/self/mountinfo":          mountV2,
				"sys/fs/cgroup/cpu.max":        "300000 100000\n",
				"sys/fs/cgroup/cpu.stat":       "throttled_usec 4\n",
				"sys/fs/cgroup/other/cpu.max":  "300000 100000\n",
				"sys/fs/cgroup/other/cpu.stat": "throttled_usec 4\n",
			},
		},
		{
			name: "version 2, a group whose name has a colon and a mount point with a space", cores: 1, limited: true,
			files: tree{
				"proc/self/cgroup":      "0::/a:b\n",
				"proc/self/mountinfo":   `30 23 0:26 / /my\040groups rw - cgroup2 cgroup2 rw` + "\n",
				"my groups/a:b/cpu.max": "100000 100000\n",
			},
		},
		{
			name: "version 1, nested", cores: 0.25, limited: true, throttled: 1500 + 10, known: true,
			files: tree{
				"proc/self/cgroup":                                     "12:cpuset:/other\n4:cpu,cpuacct:/user/me\n1:name=systemd:/user/me\n",
				"proc/self/mountinfo":                                  mountV1,
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":           "-1\n",
				"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":          "100000\n",
				"sys/fs/cgroup/cpu,cpuacct/cpu.stat":                   "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n",
				"sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_quota_us":      "25000\n",
				"sys/fs/cgroup/cpu,cpuacct/user/cpu.cfs_period_us":     "100000\n",
				"sys/fs/cgroup/cpu,cpuacct/user/cpu.stat":              "nr_periods 5\nnr_throttled 2\nthrottled_time 1500\n",
				"sys/fs/cgroup/cpu,cpuacct/user/me/cpu.cfs_quota_us":   "100000\n",
				"sys/fs/cgroup/cpu,cpuacct/user/me/cpu.cfs_period_us":  "50000\n",
				"sys/fs/cgroup/cpu,cpuacct/user/me/cpu.stat":           "throttled_time 10\n",
				"sys/fs/cgroup/cpu,cpuacct/user/you/cpu.cfs_quota_us":  "1000\n",
				"sys/fs/cgroup/cpu,cpuacct/user/you/cpu.cfs_period_us": "100000\n",
				"sys/fs/cgroup/cpuset/other/cpu.cfs_quota_us":          "1000\n",
				"sys/fs/cgroup/cpuset/other/cpu.cfs_period_us":         "100000\n",
			},
		},
		{
			name: "version 1, a container that sees its own part", cores: 1.5, limited: true, throttled: 9, known: true,
			files: tree{
				"proc/self/cgroup":                   "4:cpuacct,cpu:/docker/abc\n",
				"proc/self/mountinfo":                "34 31 0:31 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpuacct,cpu\n",
				"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "150000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
				"sys/fs/cgroup/cpu/cpu.stat": "throttled_time 9\n",
			},
		},
		{
			name: "version 1, two mounts, of which the second shows the group", cores: 1, limited: true,
			files: tree{
				"proc/self/cgroup": "4:cpu:/pod/abc\n",
				"proc/self/mountinfo": "34 31 0:31 /po /one rw - cgroup cgroup rw,cpu\n" +
					"35 31 0:31 /pod /two rw - cgroup cgroup rw,cpu\n",
				"one/cpu.cfs_quota_us": "50000\n", "one/cpu.cfs_period_us": "100000\n",
				"two/abc/cpu.cfs_quota_us": "100000\n", "two/abc/cpu.cfs_period_us": "100000\n",
			},
		},
		{
			name: "mixed: cpu in version 1, a version 2 beside it", cores: 2, limited: true, throttled: 5, known: true,
			files: tree{
				"proc/self/cgroup":                               "4:cpu,cpuacct:/v1\n0::/v2\n",
				"proc/self/mountinfo":                            mountV1 + mountUnified,
				"sys/fs/cgroup/cpu,cpuacct/v1/cpu.cfs_quota_us":  "200000\n",
				"sys/fs/cgroup/cpu,cpuacct/v1/cpu.cfs_period_us": "100000\n",
				"sys/fs/cgroup/cpu,cpuacct/v1/cpu.stat":          "throttled_time 5\n",
				"sys/fs/cgroup/unified/v2/cpu.stat":              "usage_usec 9\n",
			},
		},
		{
			name: "mixed: only version 2 has cpu", cores: 4, limited: true, throttled: 5 * time.Microsecond, known: true,
			files: tree{
				"proc/self/cgroup":                  "1:name=systemd:/x\n0::/v2\n",
				"proc/self/mountinfo":               mountV1 + mountUnified,
				"sys/fs/cgroup/unified/v2/cpu.max":  "400000 100000\n",
				"sys/fs/cgroup/unified/v2/cpu.stat": "throttled_usec 5\n",
			},
		},
		{
			name: "numbers that are none",
			files: tree{
				"proc/self/cgroup":       "0::/\n",
				"proc/self/mountinfo":    mountV2,
				"sys/fs/cgroup/cpu.max":  "much 100000\n",
				"sys/fs/cgroup/cpu.stat": "throttled_usec often\n",
			},
		},
		{name: "no mounts", files: tree{"proc/self/cgroup": "0::/\n"}},
		{name: "no mount of it", files: tree{"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV1}},
		{name: "no group", files: tree{"proc/self/cgroup": "3:cpuset:/\n", "proc/self/mountinfo": mountV1}},
		{name: "another system", files: tree{}},
	} {
		root := c.files.fs()
		g := find(root, "cpu")
		if cores, limited := g.quota(root); cores != c.cores || limited != c.limited {
			t.Errorf("%s: quota %v, %v, want %v, %v", c.name, cores, limited, c.cores, c.limited)
		}
		if total, known := g.throttled(root); total != c.throttled || known != c.known {
			t.Errorf("%s: throttled %v, %v, want %v, %v", c.name, total, known, c.throttled, c.known)
		}
	}
}

// Whatever the tree looks like, the tightest limit from the group to the root
// counts, in both versions.
func TestTheTightestLimitCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.IntRange(1, 2).Draw(t, "version")
		percents := rapid.SliceOfN(rapid.IntRange(0, 400), 1, 6).Draw(t, "percents of a core, 0: no limit")
		in, files := "/", tree{"proc/self/mountinfo": mountV1 + mountUnified}
		want := 0
		for i, percent := range percents {
			if i > 0 {
				in = path.Join(in, fmt.Sprint("level", i))
			}
			if percent > 0 && (want == 0 || percent < want) {
				want = percent
			}
			v2, v1 := fmt.Sprintf("%d 100000\n", percent*1000), fmt.Sprintf("%d\n", percent*1000)
			if percent == 0 {
				v2, v1 = "max 100000\n", "-1\n"
			}
			if version == 2 {
				files["sys/fs/cgroup/unified"+path.Join(in, "cpu.max")] = v2
			} else {
				files["sys/fs/cgroup/cpu,cpuacct"+path.Join(in, "cpu.cfs_quota_us")] = v1
				files["sys/fs/cgroup/cpu,cpuacct"+path.Join(in, "cpu.cfs_period_us")] = "100000\n"
			}
		}
		files["proc/self/cgroup"] = map[int]string{1: "2:cpu,cpuacct:" + in + "\n", 2: "0::" + in + "\n"}[version]
		root := files.fs()
		cores, limited := find(root, "cpu").quota(root)
		if limited != (want > 0) || cores != float64(want)/100 {
			t.Fatalf("%v, %v, want %d %% of a core", cores, limited, want)
		}
	})
}

func TestParseMax(t *testing.T) {
	for text, want := range map[string]float64{
		"max 100000\n": 0, "50000 100000\n": 0.5, "150000 100000": 1.5, "1000 1000000\n": 0.001,
		"": 0, "50000": 0, "-1 100000": 0, "0 100000": 0, "50000 0": 0, "50000 many": 0, "1 2 3": 0,
	} {
		if cores, limited := parseMax([]byte(text)); cores != want || limited != (want > 0) {
			t.Errorf("%q: %v, %v, want %v", text, cores, limited, want)
		}
	}
}

func TestParseThrottled(t *testing.T) {
	for _, c := range []struct {
		text  string
		want  time.Duration
		known bool
	}{
		{"usage_usec 99\nnr_periods 5\nnr_throttled 2\nthrottled_usec 1500\nnr_bursts 0\n", 1500 * time.Microsecond, true},
		{"nr_periods 5\nnr_throttled 2\nthrottled_time 1500\nnr_bursts 0\nburst_time 0\n", 1500, true},
		{"usage_usec 99\nuser_usec 50\n", 0, true},
		{"", 0, true},
		{"throttled_usec much\n", 0, false},
		{"throttled_usec -5\n", 0, false},
		{"throttled_usec 9223372036854775807\n", 0, false}, // more than a Duration holds
		{"throttled_usec", 0, false},
	} {
		if got, known := parseThrottled([]byte(c.text)); got != c.want || known != c.known {
			t.Errorf("%q: %v, %v, want %v, %v", c.text, got, known, c.want, c.known)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("4:cpu,cpuacct:/user/me\n0::/v2\n", mountV1+mountUnified)
	f.Add("0::/docker/abc/def\n", "34 31 0:31 /docker/abc / ro - cgroup2 cgroup rw\n")
	f.Add("0::/a\\040b\n", `30 23 0:26 /\134\04 /\400\0 rw - cgroup2 cgroup2 rw`)
	f.Add("0::/../..\n", "30 23 0:26 /.. / rw - cgroup2 cgroup2 rw\n")
	f.Fuzz(func(t *testing.T, groups, mounts string) {
		root := tree{"proc/self/cgroup": groups, "proc/self/mountinfo": mounts}.fs()
		for _, dir := range find(root, "cpu").dirs {
			if strings.HasPrefix(dir, "/") || strings.HasPrefix(dir, "../") {
				t.Fatalf("%q, %q: %q is no name in a file system", groups, mounts, dir)
			}
		}
	})
}

func FuzzLimit(f *testing.F) {
	f.Add("50000 100000\n", "100000\n", "-1\n")
	f.Add("max 100000\n", "", "99999999999999999999")
	f.Fuzz(func(t *testing.T, limit, period, quota string) {
		if cores, limited := parseMax([]byte(limit)); limited != (cores > 0) {
			t.Fatalf("%q: %v cores, limited: %v", limit, cores, limited)
		}
		if cores, limited := parseQuota([]byte(quota), []byte(period)); limited != (cores > 0) {
			t.Fatalf("%q of %q: %v cores, limited: %v", quota, period, cores, limited)
		}
	})
}

func FuzzParseThrottled(f *testing.F) {
	f.Add([]byte("nr_periods 5\nthrottled_usec 1500\n"))
	f.Add([]byte("throttled_time 1500\nthrottled_usec"))
	f.Fuzz(func(t *testing.T, text []byte) {
		// A line of something else before it must not hide the value.
		a, knownA := parseThrottled(text)
		b, knownB := parseThrottled(append([]byte("some_thing 5\n"), text...))
		if a != b || knownA != knownB || a < 0 {
			t.Fatalf("%q: %v, %v, behind another line %v, %v", text, a, knownA, b, knownB)
		}
	})
}

func TestAQuotaLeavesWholeCores(t *testing.T) {
	for _, c := range []struct {
		allowed int
		quota   float64
		limited bool
		want    int
	}{{2, 0, false, 2}, {4, 1, true, 1}, {4, 0.5, true, 1}, {4, 1.5, true, 1}, {4, 2.9, true, 2}, {2, 64, true, 2}} {
		if got := usable(c.allowed)(c.quota, c.limited); got != c.want {
			t.Errorf("%+v: %d cores", c, got)
		}
	}
}
