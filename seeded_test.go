package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"parcon/experiments/testbed"
)

// buildPrograms makes a cache folder hold the small programs, for which the go command links for
// seconds. That one's own cache stays where it is.
func buildPrograms(cache string) (err error) {
	for key, value := range map[string]string{"GOCACHE": goEnv("GOCACHE"), "XDG_CACHE_HOME": cache} {
		was, set := os.LookupEnv(key)
		if err := os.Setenv(key, value); err != nil {
			return err
		}
		defer func() {
			if set {
				err = errors.Join(err, os.Setenv(key, was))
			} else {
				err = errors.Join(err, os.Unsetenv(key))
			}
		}()
	}
	_, err = testbed.Build(context.Background())
	return err
}

// emptyCache stands in scripts that are about caches, or what is left in them.
const emptyCache = "# It begins with an empty cache."

// seedCache gives a script's cache folder what an earlier run would have left there, unless it says
// that it begins with an empty one.
func seedCache(env *testscript.Env, programs func() (string, error)) error {
	name := strings.TrimPrefix(filepath.Base(env.WorkDir), "script-")
	text, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil || strings.Contains(string(text), emptyCache) {
		return err
	}
	from, err := programs()
	if err != nil {
		return err
	}
	cache := env.Getenv("XDG_CACHE_HOME")
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inner, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(cache, inner), 0o755)
		}
		return os.Link(path, filepath.Join(cache, inner))
	})
}
