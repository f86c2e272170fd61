package checkout

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"parcon/results"
)

// A Folder is one to work in, which nobody else uses. Its path is the same each time as
// long as no other process has one: the go command finds what it built there before.
type Folder struct {
	Path   string
	unlock func()
}

// OpenFolder takes the first free folder below base, and clears what killed processes left in
// others. Where nothing can be locked (Windows) each process has its own.
func OpenFolder(base string) (Folder, error) {
	if err := os.MkdirAll(base, 0o700); err != nil {
		return Folder{}, fmt.Errorf("making the work folder: %w: name another place with XDG_CACHE_HOME", err)
	}
	base, err := filepath.EvalSymlinks(base)
	if err != nil {
		return Folder{}, fmt.Errorf("finding the work folder: %w", err)
	}
	if runtime.GOOS == "windows" {
		path, err := os.MkdirTemp(base, "")
		return Folder{path, func() {}}, err
	}
	clearFree(base)
	for n := range mostAtOnce {
		path := filepath.Join(base, strconv.Itoa(n))
		if err := os.MkdirAll(path, 0o700); err != nil {
			return Folder{}, fmt.Errorf("making the work folder: %w", err)
		}
		unlock, err := results.Lock(path)
		if err != nil {
			continue // another one works there
		}
		if _, err := os.Stat(path); err != nil { // its last user took it away meanwhile
			unlock()
			continue
		}
		if err := empty(path); err != nil {
			unlock()
			return Folder{}, fmt.Errorf("clearing the work folder: %w", err)
		}
		return Folder{path, unlock}, nil
	}
	return Folder{}, fmt.Errorf("%d others work in %s: wait for their end", mostAtOnce, base)
}

// mostAtOnce is how many work at once below one base.
const mostAtOnce = 100

// clearFree empties the folders that nobody works in. What cannot be cleared now is the
// next one's.
func clearFree(base string) {
	entries, _ := os.ReadDir(base)
	for _, e := range entries {
		path := filepath.Join(base, e.Name())
		if unlock, err := results.Lock(path); err == nil {
			_ = empty(path)
			unlock()
		}
	}
}

// empty removes what a folder holds; the folder itself stays, as its lock does. Folders
// that were copied may refuse to be written to.
func empty(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		inner := filepath.Join(path, e.Name())
		if os.RemoveAll(inner) == nil {
			continue
		}
		_ = filepath.WalkDir(inner, func(p string, d os.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				_ = os.Chmod(p, 0o700)
			}
			return nil
		})
		if err := os.RemoveAll(inner); err != nil {
			return err
		}
	}
	return nil
}

// Close removes all that the folder holds, and lets others have it. Of base and the folder
// that it is in nothing is left either, if they hold nothing else.
func (f Folder) Close() error {
	err := empty(f.Path)
	if err == nil {
		err = os.Remove(f.Path)
	}
	base := filepath.Dir(f.Path)
	_ = os.Remove(base) // unless others work beside
	_ = os.Remove(filepath.Dir(base))
	f.unlock()
	if err != nil {
		return fmt.Errorf("clearing the work folder: %w", err)
	}
	return nil
}
