package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// trees are what folders held when a script noted it, by script and folder.
var trees = map[*testscript.TestScript]map[string]string{}

// tree notes what is in a folder. Usage: tree FOLDER
func tree(ts *testscript.TestScript, _ bool, args []string) {
	if trees[ts] == nil {
		trees[ts] = map[string]string{}
	}
	trees[ts][args[0]] = treeOf(ts, args[0])
}

// untouched fails unless a folder holds what it held, not written since. Usage: untouched FOLDER
func untouched(ts *testscript.TestScript, _ bool, args []string) {
	before, noted := trees[ts][args[0]]
	if now := treeOf(ts, args[0]); !noted || now != before {
		ts.Fatalf("%s was changed: it held\n%snow it holds\n%s", args[0], before, now)
	}
}

// treeOf lists the files and folders in one, with their length and when they were changed.
func treeOf(ts *testscript.TestScript, dir string) string {
	var w strings.Builder
	ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(&w, path, info.Mode(), info.Size(), info.ModTime())
		return err
	}))
	return w.String()
}

func TestCallsAreSharedOutEvenly(t *testing.T) {
	for _, c := range []struct{ calls, cores, most, want int }{
		{129, 2, 64, 128}, {4, 2, 64, 4}, {7, 2, 64, 4}, {200, 6, 64, 192}, {9, 4, 2, 8}, {3, 4, 64, 4}, {10_000, 2, 64, 9984},
	} {
		if got := fullWaves(c.calls, c.cores, c.most); got != c.want {
			t.Errorf("%d calls on %d cores, %d workers at most: %d, want %d", c.calls, c.cores, c.most, got, c.want)
		}
	}
}
