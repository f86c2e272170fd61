package testbed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parcon/runner/proc"
)

// programs are the small programs, by name.
type programs map[string][]byte

// A folderError is one of a folder that is no place for programs; another may be.
type folderError struct{ error }

func (e folderError) Unwrap() error { return e.error }

// unused is how long a set of programs is kept after the last run that began
// with it. No run takes that long.
const unused = 14 * 24 * time.Hour

// latest is the set that the last build in a base ended with: the go command
// links again only what changed.
const latest = "latest"

// buildIn builds the programs below base and returns the folder that holds them.
func buildIn(ctx context.Context, base, root string) (string, programs, error) {
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", nil, folderError{fmt.Errorf("making the cache folder: %w", err)}
	}
	tidy(base)
	fresh, err := os.MkdirTemp(base, "build-")
	if err != nil {
		return "", nil, folderError{fmt.Errorf("making a folder in the cache folder: %w", err)}
	}
	defer os.RemoveAll(fresh)
	bin := filepath.Join(fresh, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return "", nil, folderError{fmt.Errorf("making a folder in the cache folder: %w", err)}
	}
	seed(base, bin)
	if err := compile(ctx, root, bin); err != nil {
		return "", nil, err
	}
	set, err := load(bin)
	if err != nil {
		return "", nil, fmt.Errorf("reading the small programs: %w", err)
	}
	empty := proc.Command([]string{filepath.Join(bin, "empty"+suffix())}, nil)
	if err := runTo(ctx, empty, func() { proc.Kill(empty) }); err != nil {
		return "", nil, folderError{fmt.Errorf("running a program from the cache folder %s (is it mounted noexec?): %w", base, err)}
	}
	dir, err := place(base, bin, set)
	if err != nil {
		return "", nil, folderError{fmt.Errorf("putting the small programs into the cache folder: %w", err)}
	}
	note(base, filepath.Base(dir))
	return dir, set, nil
}

// place makes the folder of a set of programs by a rename, or finds it: whoever
// comes first wins, and nobody replaces what is there. One whose content is not
// what its name says is left alone.
func place(base, bin string, set programs) (string, error) {
	name := set.name()
	for try := range 100 {
		dir := filepath.Join(base, name)
		if try > 0 {
			dir += fmt.Sprintf(".%d", try)
		}
		if err := os.Rename(bin, dir); err == nil {
			return dir, nil
		} else if _, there := os.Stat(dir); there != nil {
			return "", err
		}
		if found, err := load(dir); err == nil && found.equal(set) {
			now := time.Now()
			_ = os.Chtimes(dir, now, now) // what is in use is not old; see tidy
			return dir, nil
		}
	}
	return "", fmt.Errorf("%s in %s and 99 others like it are damaged: delete them", name, base)
}

// name is that of the folder of a set.
func (p programs) name() string {
	hash := sha256.New()
	for _, name := range small {
		fmt.Fprintf(hash, "%s %x\n", name, sha256.Sum256(p[name]))
	}
	return fmt.Sprintf("programs-%.12x", hash.Sum(nil))
}

func (p programs) equal(q programs) bool {
	for _, name := range small {
		if !bytes.Equal(p[name], q[name]) {
			return false
		}
	}
	return true
}

func load(dir string) (programs, error) {
	set := programs{}
	for _, name := range small {
		text, err := os.ReadFile(filepath.Join(dir, name+suffix()))
		if err != nil {
			return nil, err
		}
		set[name] = text
	}
	return set, nil
}

// seed copies the programs of the last build into a folder, for the go command
// to find that they are up to date. A failure costs time only.
func seed(base, bin string) {
	name, err := os.ReadFile(filepath.Join(base, latest))
	if err != nil {
		return
	}
	dir := filepath.Base(strings.TrimSpace(string(name)))
	set, err := load(filepath.Join(base, dir))
	if err != nil || !strings.HasPrefix(dir, set.name()) {
		return // damaged
	}
	for _, name := range small {
		if os.WriteFile(filepath.Join(bin, name+suffix()), set[name], 0o755) != nil {
			return
		}
	}
}

// note notes the set that a build ended with. A failure costs time only.
func note(base, name string) {
	f, err := os.CreateTemp(base, "build-")
	if err != nil {
		return
	}
	_, _ = f.WriteString(name + "\n")
	_ = f.Close()
	if os.Rename(f.Name(), filepath.Join(base, latest)) != nil {
		_ = os.Remove(f.Name())
	}
}

// tidy deletes what no run began with for long, and what builds that were
// killed left.
func tidy(base string) {
	entries, _ := os.ReadDir(base)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), "programs-") && !strings.HasPrefix(e.Name(), "build-") {
			continue
		}
		if time.Since(info.ModTime()) > unused {
			_ = os.RemoveAll(filepath.Join(base, e.Name()))
		}
	}
}
