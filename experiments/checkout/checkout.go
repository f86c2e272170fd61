// Package checkout puts two states of a git repository side by side in a work folder:
// the working tree as it is, with edits and files that git does not know, and a revision.
// Nothing is written into the repository, not even into its .git: the revision goes
// through an index of its own (git read-tree and checkout-index; a git worktree would
// leave a note of itself in .git), without the locks and daemons that git may do without.
//
// A tree stands below its folder under its whole path, and beside each folder of that
// path are links to what lies beside the original. So what a module names by a relative
// path out of the repository, as a replace or the use of a go.work, is found from the copy
// too, without a change to go.mod, which a vendor folder would not forgive.
//
// Files that git ignores and submodules are those of the working tree in both trees: code
// that was generated is often ignored, and nothing builds without it. Of Git LFS the
// revision has what git itself keeps, the pointers. Of a clone without all objects
// nothing is fetched, because it would be written into the repository.
package checkout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"parcon/experiments/tool"
)

// A Repository is one with a working tree.
type Repository struct {
	git tool.Box
	top string // the folder of its working tree
}

// Find finds the repository that a folder, whose path has no links, lies in.
func Find(ctx context.Context, box tool.Box, dir string) (Repository, error) {
	r := Repository{git: box.With("GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_LFS_SKIP_SMUDGE=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")}
	out, err := r.run(ctx, dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return r, fmt.Errorf("looking for a git repository: %w", err)
	}
	if r.top, err = filepath.EvalSymlinks(strings.TrimRight(out, "\r\n")); err != nil {
		return r, fmt.Errorf("looking for a git repository: %w", err)
	}
	return r, nil
}

func (r Repository) run(ctx context.Context, dir string, args ...string) (string, error) {
	return r.git.Output(ctx, dir, append([]string{"git", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-c", "gc.auto=0"}, args...)...)
}

// Commit is the full name of a revision's commit.
func (r Repository) Commit(ctx context.Context, revision string) (string, error) {
	out, err := r.run(ctx, r.top, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
	if err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		return "", fmt.Errorf("finding the revision %q: %w: name a commit, a tag or a branch", revision, err)
	}
	return strings.TrimSpace(out), nil
}

// A Tree is a state of the files of a repository.
type Tree struct {
	base  string   // "": the files where they are
	Notes []string // what it is not
}

// Here is the files where they are.
var Here = Tree{}

// Path is where the tree has what lies at a path without links.
func (t Tree) Path(path string) string {
	if t.base == "" || !filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(t.base, strings.TrimPrefix(path, filepath.VolumeName(path)))
}

// Working copies the working tree into the folder base.
func (r Repository) Working(ctx context.Context, base string) (Tree, error) {
	t := Tree{base: base}
	files, err := r.files(ctx, "--cached", "--others", "--exclude-standard")
	if err == nil {
		err = r.copy(ctx, files, t)
	}
	if err == nil {
		err = r.rest(ctx, &t)
	}
	if err != nil {
		return t, fmt.Errorf("copying the working tree: %w", err)
	}
	return t, nil
}

// Revision writes the files of a commit into the folder base.
func (r Repository) Revision(ctx context.Context, commit, base string) (Tree, error) {
	t := Tree{base: base}
	if err := r.revision(ctx, commit, &t); err != nil {
		return t, fmt.Errorf("writing the files of %.12s: %w", commit, err)
	}
	return t, nil
}

func (r Repository) revision(ctx context.Context, commit string, t *Tree) error {
	if err := os.MkdirAll(t.Path(r.top), 0o700); err != nil {
		return err
	}
	own := r
	index := filepath.Join(t.base, "index")
	own.git = r.git.With("GIT_INDEX_FILE=" + index)
	if _, err := own.run(ctx, r.top, "read-tree", "--no-sparse-checkout", commit); err != nil {
		return err
	}
	if _, err := own.run(ctx, r.top, "checkout-index", "--all", "--quiet", "--prefix="+filepath.ToSlash(t.Path(r.top))+"/"); err != nil {
		return err
	}
	staged, err := own.run(ctx, r.top, "ls-files", "-z", "--stage")
	if err != nil {
		return err
	}
	var modules []string
	for _, line := range split(staged) {
		if about, name, ok := strings.Cut(line, "\t"); ok && strings.HasPrefix(about, gitlink) {
			modules = append(modules, name)
		}
	}
	if len(modules) > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("submodules are those of the working tree on both sides: %s", strings.Join(modules, ", ")))
	}
	if attributes, err := os.ReadFile(filepath.Join(t.Path(r.top), ".gitattributes")); err == nil && bytes.Contains(attributes, []byte("filter=lfs")) {
		t.Notes = append(t.Notes, "files of Git LFS are mere pointers on the old side")
	}
	if err := r.copy(ctx, modules, *t); err != nil {
		return err
	}
	return r.rest(ctx, t)
}

// gitlink is the mode of a submodule.
const gitlink = "160000 "

// rest adds what both trees have from the working tree, and links to what is around.
func (r Repository) rest(ctx context.Context, t *Tree) error {
	ignored, err := r.files(ctx, "--others", "--ignored", "--exclude-standard")
	if err != nil {
		return err
	}
	if size := r.size(ignored); size > mostIgnored {
		t.Notes = append(t.Notes, fmt.Sprintf("files that git ignores are on neither side: they are %d MB", size>>20))
		ignored = nil
	}
	if err := r.copy(ctx, ignored, *t); err != nil {
		return err
	}
	surround(*t, r.top)
	return nil
}

// mostIgnored is how many bytes of ignored files are copied.
const mostIgnored = 512 << 20

// files lists what git does, from the top, once each.
func (r Repository) files(ctx context.Context, which ...string) ([]string, error) {
	out, err := r.run(ctx, r.top, append([]string{"ls-files", "-z"}, which...)...)
	return split(out), err
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == 0 })
}

// size is that of files, as far as it can be seen.
func (r Repository) size(files []string) (bytes int64) {
	for _, name := range files {
		if info, err := os.Lstat(filepath.Join(r.top, name)); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}

// surround links what lies beside each folder on the way to top. A folder that cannot be
// read, or holds very much, has none: the go command says what is missing.
func surround(t Tree, top string) {
	for dir := top; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		parent := filepath.Dir(dir)
		entries, err := os.ReadDir(parent)
		if err != nil || len(entries) > mostBeside {
			continue
		}
		for _, e := range entries {
			if e.Name() == filepath.Base(dir) || e.Name() == ".git" {
				continue
			}
			// One that cannot be made is not there: Windows does not let everybody.
			_ = os.Symlink(filepath.Join(parent, e.Name()), filepath.Join(t.Path(parent), e.Name()))
		}
	}
}

const mostBeside = 10_000

// Missing says that a folder of the user's is not in the tree, nil if it is.
func (t Tree) Missing(dir string) error {
	if info, err := os.Stat(t.Path(dir)); err != nil || !info.IsDir() {
		return errors.New("it has no folder " + dir)
	}
	return nil
}
