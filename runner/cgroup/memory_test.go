package cgroup

import (
	"testing"
	"testing/fstest"
)

func TestTheGroupWithTheLeastRoomForMemoryCounts(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for name, c := range map[string]struct {
		version int
		files   fstest.MapFS
		left    int
		limited bool
	}{
		"no files":    {2, fstest.MapFS{}, 0, false},
		"no limit":    {2, fstest.MapFS{"a/b/memory.max": file("max\n"), "a/b/memory.current": file("5\n")}, 0, false},
		"one":         {2, fstest.MapFS{"a/b/memory.max": file("100\n"), "a/b/memory.current": file("70\n"), "a/b/memory.stat": file("anon 3\ninactive_file 20\n")}, 50, true},
		"above":       {2, fstest.MapFS{"a/b/memory.max": file("100\n"), "a/b/memory.current": file("70\n"), "a/memory.max": file("110\n"), "a/memory.current": file("100\n")}, 10, true},
		"beyond":      {2, fstest.MapFS{"a/memory.max": file("100\n"), "a/memory.current": file("170\n")}, 0, true},
		"version 1":   {1, fstest.MapFS{"a/memory.limit_in_bytes": file("100\n"), "a/memory.usage_in_bytes": file("60\n")}, 40, true},
		"1, no limit": {1, fstest.MapFS{"a/memory.limit_in_bytes": file("9223372036854771712\n"), "a/memory.usage_in_bytes": file("60\n")}, 0, false},
	} {
		left, limited := group{c.version, []string{"a/b", "a"}}.memory(c.files)
		if left != c.left || limited != c.limited {
			t.Errorf("%s: %d, %v, want %d, %v", name, left, limited, c.left, c.limited)
		}
	}
}
