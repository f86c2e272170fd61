package checkout

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// copy copies files of the working tree, by their names from the top, into a tree, unless
// it has them. What is named and not there was deleted. A folder, as of a submodule, is
// copied with all that it holds but its .git.
func (r Repository) copy(ctx context.Context, names []string, t Tree) error {
	if err := os.MkdirAll(t.Path(r.top), 0o700); err != nil {
		return err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		from := filepath.Join(r.top, filepath.FromSlash(name))
		if within(t.base, from) || within(from, t.base) {
			continue // the work folder lies in the repository
		}
		if err := copyAny(from, t.Path(from)); err != nil {
			return err
		}
	}
	return nil
}

// within says whether a path is a folder or lies in it.
func within(path, folder string) bool {
	rest, ok := strings.CutPrefix(path, folder)
	return ok && (rest == "" || rest[0] == filepath.Separator)
}

func copyAny(from, to string) error {
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil
	}
	if err != nil {
		return leftOut(err)
	}
	if !info.IsDir() {
		return copyOne(from, to, info)
	}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return leftOut(err)
		case d.Name() == ".git":
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return leftOut(err)
		}
		return copyOne(path, filepath.Join(to, strings.TrimPrefix(path, from)), info)
	})
}

// leftOut forgives what vanished meanwhile, and what its owner keeps from this user: it was
// of no use to a build either.
func leftOut(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// copyOne copies a file or a link. What is neither, as a socket, stays away; so does what
// the tree has already, or has a file in place of a folder for.
func copyOne(from, to string, info fs.FileInfo) error {
	if _, err := os.Lstat(to); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return leftOut(err)
		}
		return os.Symlink(target, to)
	case !info.Mode().IsRegular():
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return leftOut(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
