package checkout

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"parcon/experiments/tool"
	"parcon/runner/proc"
)

// The test binary is the guard.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "guard" {
		if proc.Guard(proc.Stdin(), os.Args[2:]) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// box starts git without what the user has set.
func box(t testing.TB) tool.Box {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return tool.Box{Guard: []string{self, "guard"}, Env: append(os.Environ(),
		"GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")}
}

// place is a temporary folder whose path has no links.
func place(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func git(t testing.TB, dir string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	if _, err := box(t).Output(t.Context(), dir, append([]string{"git"}, args...)...); err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
}

func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// holds lists the files of a folder with what they hold, and of .git with when they were
// written.
func holds(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if strings.HasPrefix(name, ".git"+string(filepath.Separator)) {
			all = append(all, fmt.Sprint(name, info.ModTime().UnixNano(), info.Size()))
			return nil
		}
		text, err := os.ReadFile(path)
		all = append(all, filepath.ToSlash(name)+": "+string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A repository with everything: edits, a file of no commit, one that is ignored, one that
// was deleted, one that archives leave out, a submodule.
func repository(t *testing.T) (top string) {
	t.Helper()
	around := place(t)
	top = filepath.Join(around, "repo")
	write(t, around, map[string]string{
		"beside/file": "beside", "repo/kept": "old", "repo/edited": "old", "repo/deleted": "old", "repo/archived/not": "old",
		"repo/.gitattributes": "archived export-ignore\n*.bin filter=lfs\n", "repo/.gitignore": "ignored\n", "other/inner": "inner",
	})
	git(t, filepath.Join(around, "other"), "init", "-q")
	git(t, filepath.Join(around, "other"), "add", ".")
	git(t, filepath.Join(around, "other"), "commit", "-qm", "inner")
	git(t, top, "init", "-q")
	git(t, top, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../other", "module")
	git(t, top, "add", ".")
	git(t, top, "commit", "-qm", "base")
	write(t, top, map[string]string{"edited": "new", "untracked": "new", "ignored": "both"})
	if err := os.Remove(filepath.Join(top, "deleted")); err != nil {
		t.Fatal(err)
	}
	return top
}

func TestBothTreesHaveWhatIsTheirsAndNothingIsWrittenIntoTheRepository(t *testing.T) {
	top := repository(t)
	before := holds(t, top)
	r, err := Find(t.Context(), box(t), top)
	if err != nil {
		t.Fatal(err)
	}
	commit, err := r.Commit(t.Context(), "HEAD")
	if err != nil || len(commit) != 40 {
		t.Fatalf("%q, %v", commit, err)
	}
	work := place(t)
	now, err := r.Working(t.Context(), filepath.Join(work, "new"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := r.Revision(t.Context(), commit, filepath.Join(work, "old"))
	if err != nil {
		t.Fatal(err)
	}
	if after := holds(t, top); !slices.Equal(before, after) {
		t.Errorf("the repository held\n%v\nand holds\n%v", before, after)
	}
	common := []string{".gitattributes: archived export-ignore\n*.bin filter=lfs\n", ".gitignore: ignored\n", ".gitmodules", "archived/not: old", "ignored: both", "kept: old", "module/inner: inner"}
	for name, side := range map[string]struct {
		tree Tree
		own  []string
	}{"new": {now, []string{"edited: new", "untracked: new"}}, "old": {old, []string{"deleted: old", "edited: old"}}} {
		got := holds(t, side.tree.Path(top))
		for i, line := range got {
			if strings.HasPrefix(line, ".gitmodules: ") {
				got[i] = ".gitmodules"
			}
		}
		if want := slices.Sorted(slices.Values(append(side.own, common...))); !slices.Equal(got, want) {
			t.Errorf("%s has\n%q\nwant\n%q", name, got, want)
		}
		if runtime.GOOS != "windows" {
			text, err := os.ReadFile(filepath.Join(side.tree.Path(top), "..", "beside", "file"))
			if string(text) != "beside" || err != nil {
				t.Errorf("%s: what lies beside the repository is %q, %v", name, text, err)
			}
		}
	}
	if notes := strings.Join(old.Notes, "\n"); !strings.Contains(notes, "submodules are those of the working tree on both sides: module") || !strings.Contains(notes, "mere pointers on the old side") {
		t.Errorf("notes: %s", notes)
	}
	if old.Missing(top) != nil || old.Missing(filepath.Join(top, "none")) == nil {
		t.Error("folders of the old tree are not told from others")
	}
}

func TestWhatIsNotThereIsNamed(t *testing.T) {
	if _, err := Find(t.Context(), box(t).With("GIT_CEILING_DIRECTORIES="+os.TempDir()), place(t)); err == nil || !strings.HasPrefix(err.Error(), "looking for a git repository: ") {
		t.Errorf("no repository: %v", err)
	}
	top := place(t)
	git(t, top, "init", "-q")
	r, err := Find(t.Context(), box(t), top)
	if err != nil {
		t.Fatal(err)
	}
	for _, revision := range []string{"HEAD", "none", "--all", ""} {
		if commit, err := r.Commit(t.Context(), revision); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("revision %q: %q, %v", revision, commit, err)
		}
	}
}

// The work folder may lie in the repository, and is no part of it.
func TestTheWorkFolderIsNotCopiedIntoItself(t *testing.T) {
	top := place(t)
	write(t, top, map[string]string{"file": "text", "work/x": "in between"})
	git(t, top, "init", "-q")
	r, err := Find(t.Context(), box(t), top)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := r.Working(t.Context(), filepath.Join(top, "work"))
	if err != nil {
		t.Fatal(err)
	}
	if got := holds(t, tree.Path(top)); !slices.Equal(got, []string{"file: text"}) {
		t.Errorf("%q", got)
	}
}

func TestFilesWhereTheyAre(t *testing.T) {
	if got := Here.Path("/a/b"); got != "/a/b" {
		t.Errorf("%q", got)
	}
}

func TestAWorkFolderHasOneUserAndIsEmpty(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing is locked there")
	}
	base := filepath.Join(place(t), "base")
	write(t, base, map[string]string{"0/left": "by a killed process", "1/left/deep": "by another"})
	if err := os.Chmod(filepath.Join(base, "1", "left"), 0o500); err != nil {
		t.Fatal(err)
	}
	one, err := OpenFolder(base)
	if err != nil {
		t.Fatal(err)
	}
	two, err := OpenFolder(base)
	if err != nil {
		t.Fatal(err)
	}
	if one.Path == two.Path || len(holds(t, base)) > 0 {
		t.Errorf("%s and %s, left are %q", one.Path, two.Path, holds(t, base))
	}
	write(t, one.Path, map[string]string{"mine": "text"})
	three, err := OpenFolder(base)
	if err != nil || len(holds(t, one.Path)) != 1 {
		t.Errorf("another one cleared what is in use: %v", err)
	}
	for _, f := range []Folder{one, two, three} {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(base); err == nil {
		t.Error("the base was left")
	}
	write(t, base, map[string]string{"file": ""})
	if _, err := OpenFolder(filepath.Join(base, "file")); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a file in place of the base: %v", err)
	}
}

func ExampleTree_Path() {
	fmt.Println(filepath.ToSlash(Tree{base: filepath.FromSlash("/cache/old")}.Path(filepath.FromSlash("/home/me/repo"))))
	// Output: /cache/old/home/me/repo
}
