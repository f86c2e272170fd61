package gofunc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// A Source is what programs are made of.
type Source struct {
	files  map[string][]byte // by path, as in parcon's module
	main   []byte
	folder string // below the function's package, where nothing is
}

// hidden is the name of the folder that seems to be there.
const hidden = "parcontrial"

// NewSource makes the source of a program for a function, of copies of parcon's own files.
func NewSource(own fs.FS, f Function) (Source, error) {
	s := Source{files: map[string][]byte{}, folder: hidden}
	for n := 2; exists(filepath.Join(f.Dir, s.folder)); n++ {
		s.folder = fmt.Sprintf("%s%d", hidden, n)
	}
	base := path.Join(f.Package, s.folder)
	err := fs.WalkDir(own, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(own, name)
		if err != nil {
			return err
		}
		s.files[name], err = moved(text, base)
		return err
	})
	s.main = fmt.Appendf(nil, `package main

import (
	subject %q
	measured %q
)

func main() { subject.Main(subject.%s(measured.%s)) }
`, path.Join(base, "experiments/gofunc/subject"), f.Package, f.adapter, f.Name)
	return s, err
}

// Folder is the path at which the source seems to be, below the module.
func (s Source) Folder() string { return "/" + s.folder + "/" }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// moved is a file whose imports are those of packages below base. It is in the language of
// parcon, whatever the module around says, by its build constraint.
func moved(text []byte, base string) ([]byte, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	from := 0
	for _, i := range parsed.Imports {
		name := strings.Trim(i.Path.Value, `"`)
		switch {
		case strings.HasPrefix(name, "parcon/"):
			name = path.Join(base, strings.TrimPrefix(name, "parcon/"))
		case name == "golang.org/x/sys/unix":
			name = path.Join(base, "experiments/gofunc/unix")
		}
		out.Write(text[from : i.Path.Pos()-1])
		fmt.Fprintf(&out, "%q", name)
		from = int(i.Path.End()) - 1
	}
	out.Write(text[from:])
	if constraint.Match(out.Bytes()) {
		return constraint.ReplaceAll(out.Bytes(), []byte("//go:build ($1) && go"+leastGo)), nil
	}
	return append([]byte("//go:build go"+leastGo+"\n\n"), out.Bytes()...), nil
}

// constraint is the line with it.
var constraint = regexp.MustCompile(`(?m)^//go:build (.*)$`)

// Build builds the program into a folder of ours, with the race detector if raced is set.
func Build(ctx context.Context, tool Tool, f Function, s Source, dir string, raced bool) (string, error) {
	overlay, err := s.write(dir, f.Dir)
	if err != nil {
		return "", fmt.Errorf("writing the source of the trial program: %w", err)
	}
	out := filepath.Join(dir, "trial")
	args := []string{"build", "-buildvcs=false", "-overlay", overlay}
	if raced {
		out += "-race"
		args = append(args, "-race")
	}
	if runtime.GOOS == "windows" {
		out += ".exe"
	}
	_, err = tool.run(ctx, f.Dir, append(args, "-o", out, path.Join(f.Package, s.folder))...)
	var c complaint
	if errors.As(err, &c) {
		return "", explain(ctx, tool, f, filepath.Join(filepath.Base(dir), "source", "main.go"), c, raced)
	}
	return out, err
}

// write writes the files into dir, and the overlay that has them below the package.
func (s Source) write(dir, of string) (overlay string, err error) {
	replace := map[string]string{}
	put := func(name string, text []byte) error {
		file := filepath.Join(dir, "source", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		replace[filepath.Join(of, s.folder, filepath.FromSlash(name))] = file
		return os.WriteFile(file, text, 0o644)
	}
	if err := put("main.go", s.main); err != nil {
		return "", err
	}
	for name, text := range s.files {
		if err := put(name, text); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o644)
}

// explain says what a build that failed means; own is the end of the path of the
// program's file that calls the function.
func explain(ctx context.Context, tool Tool, f Function, own string, c complaint, raced bool) error {
	if raced {
		return c // what it means the caller says
	}
	version, err := tool.run(ctx, f.Dir, "env", "GOVERSION")
	if err == nil && old(version) {
		return fmt.Errorf("building a trial program for %s: its module is built by %s, which is too old: it needs Go %s or later", f, strings.TrimSpace(version), leastGo)
	}
	for _, line := range said(c.text) {
		if strings.Contains(line, own) {
			return fmt.Errorf("%s is of another type than parcon calls, which is %s: %s", f, Forms, reason(line))
		}
	}
	return fmt.Errorf("building %s: %w", f.Package, c)
}

// reason is what the compiler says behind the place.
func reason(line string) string {
	if _, text, ok := strings.Cut(line, ": "); ok {
		return text
	}
	return line
}
