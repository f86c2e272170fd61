package scratch

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The test binary starts itself as a process that is gone when its files are looked
// for.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "leave" {
		err := os.WriteFile(filepath.Join(os.Args[2], Name()+"-file"), []byte("left"), 0o600)
		if err == nil {
			err = os.MkdirAll(filepath.Join(os.Args[2], Name(), "inner"), 0o700)
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestAFileHasNoNameAndHoldsWhatIsWritten(t *testing.T) {
	dir := t.TempDir()
	f, err := File(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if left := names(t, dir); len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("in the folder: %v", left)
	}
	if _, err := f.WriteAt([]byte("words"), 3); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 100))
	if string(text) != "\x00\x00\x00words" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// The kernel names a file that never had a name by its number.
func TestAFileNeverHadAName(t *testing.T) {
	dir := t.TempDir()
	f, err := unnamed(dir)
	if err != nil {
		t.Skip(err) // this system, or its file system, cannot
	}
	defer f.Close()
	link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	if err != nil || !strings.HasPrefix(filepath.Base(link), "#") {
		t.Errorf("its name was %q, %v", link, err)
	}
}

func TestAFileNeedsAFolder(t *testing.T) {
	if _, err := File(filepath.Join(t.TempDir(), "none")); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

// What a dead process left goes; what belongs to a live one or to somebody else
// stays.
func TestClear(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(self, "leave", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left := names(t, dir); len(left) != 2 {
		t.Fatalf("a process left %v", left)
	}
	theirs := []string{Name() + "-mine", prefix + "x", "trials.txt", "parcon-0"}
	for _, name := range theirs {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	if err := Clear(dir); err != nil {
		t.Fatal(err)
	}
	if left := names(t, dir); len(left) != len(theirs) {
		t.Errorf("left are %v, want %v", left, theirs)
	}
	if err := Clear(filepath.Join(dir, "none")); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}
