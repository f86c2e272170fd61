// Package gofunc makes a program that measures a function of somebody else's module under
// parcon's models.
//
// The program's package, and copies of those of parcon's that it needs, seem to lie in a folder
// below that of the function: an overlay of the go command says so (go help build), and the files
// themselves are in a temporary folder. So internal packages may be imported, replace
// directives, vendor folders and workspaces hold as they are, and nothing is written where the
// function is. What is copied imports nothing but the standard library (package unix stands in
// for golang.org/x/sys/unix), because the module may not have more.
package gofunc

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parcon/experiments/chapters"
	"parcon/runner/proc"
)

// A Function is one that can be measured.
type Function struct {
	Name    string // Func
	Package string // its import path
	Dir     string // of its package
	adapter string // of package subject
	Checked bool   // it returns answers
}

// String is the function as Go code names it: pkg.Func.
func (f Function) String() string {
	return f.Package[strings.LastIndexByte(f.Package, '/')+1:] + "." + f.Name
}

// Forms are the types that a function may have.
const Forms = "func(int) error, func(context.Context, int) error or func(int) (T, error)"

// listed is what the go command tells of a package.
type listed struct {
	Dir, ImportPath, Name string
	GoFiles, CgoFiles     []string
	Standard              bool
	Module                *struct {
		Main bool
		Path string
	}
	Error *struct{ Err string }
}

// Find finds the function that a user names by a folder or an import path, and its name
// after a dot: ./pkg.Func, /home/me/mod/pkg.Func, example.com/mod/pkg.Func.
func Find(ctx context.Context, tool Tool, named string) (Function, error) {
	path, name, ok := cut(named)
	if !ok {
		return Function{}, fmt.Errorf("%q names no function: give a package and a function, as in ./pkg.Func", named)
	}
	if outer, method, nested := cut(path); nested && !isFolder(path) && isFolder(outer) {
		return Function{}, fmt.Errorf("%s.%s is a method: give an exported function that calls it", method, name)
	}
	p, err := list(ctx, tool, path)
	if err != nil {
		return Function{}, err
	}
	switch {
	case p.Error != nil:
		return Function{}, fmt.Errorf("looking for the package %s: %s", path, proc.FirstLine(p.Error.Err))
	case p.Module == nil || !p.Module.Main:
		return Function{}, fmt.Errorf("%s is in no module of yours here: name its folder, as in ./pkg.Func, and let that be part of a module", p.ImportPath)
	case p.Name == "main":
		return Function{}, fmt.Errorf("%s is a package main, which no program can import: move %s to a package of its own", p.ImportPath, name)
	}
	adapter, err := p.form(name)
	if err != nil {
		return Function{}, err
	}
	return Function{name, p.ImportPath, p.Dir, adapter, adapter == "Answer"}, nil
}

// cut divides pkg.Func at the last dot: .Func and ./.Func are of the package here.
func cut(named string) (path, name string, ok bool) {
	dot := strings.LastIndexByte(named, '.')
	if dot < 0 || !token.IsIdentifier(named[dot+1:]) {
		return "", "", false
	}
	return cmp.Or(named[:dot], "."), named[dot+1:], true
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// list asks for a package. One that is named by its folder is looked at from there: it may be
// of another module than the one here.
func list(ctx context.Context, tool Tool, path string) (listed, error) {
	dir := "."
	if filepath.IsAbs(path) || path == "." || path == ".." || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../") {
		if !isFolder(path) {
			return listed{}, fmt.Errorf("there is no folder %s: give a package and a function, as in ./pkg.Func", path)
		}
		dir, path = path, "."
	}
	out, err := tool.run(ctx, dir, "list", "-e", "-find", "-json=Dir,ImportPath,Name,GoFiles,CgoFiles,Standard,Module,Error", path)
	if err != nil {
		return listed{}, fmt.Errorf("looking for the package: %w", err)
	}
	var p listed
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		return listed{}, fmt.Errorf("looking for the package %s: %s", path, proc.FirstLine(out))
	}
	return p, nil
}

// form finds which of Forms the function has, as far as its declaration tells.
func (p listed) form(name string) (adapter string, err error) {
	var exported, methods []string
	for _, f := range p.declared() {
		switch {
		case f.Recv != nil:
			methods = append(methods, f.Name.Name)
		case f.Name.Name == name:
			return shape(f)
		case f.Name.IsExported():
			exported = append(exported, f.Name.Name)
		}
	}
	if slices.Contains(methods, name) {
		return "", fmt.Errorf("%s is a method: give an exported function that calls it", name)
	}
	if near := chapters.Nearest(name, exported); near != "" {
		return "", fmt.Errorf("there is no function %s in %s: did you mean %s?", name, p.ImportPath, near)
	}
	return "", fmt.Errorf("there is no function %s in %s", name, p.ImportPath)
}

// declared are the functions and methods in the files of the package, as far as these can be
// read: what is wrong with them the compiler says.
func (p listed) declared() (all []*ast.FuncDecl) {
	for _, file := range slices.Concat(p.GoFiles, p.CgoFiles) {
		parsed, _ := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
		if parsed == nil {
			continue
		}
		for _, d := range parsed.Decls {
			if f, is := d.(*ast.FuncDecl); is {
				all = append(all, f)
			}
		}
	}
	return all
}

// shape looks at a declaration. Whether types are what they seem, the compiler checks.
func shape(f *ast.FuncDecl) (adapter string, err error) {
	params, results := names(f.Type.Params), names(f.Type.Results)
	switch {
	case !f.Name.IsExported():
		return "", fmt.Errorf("%s is not exported: only its own package can call it; give it a name that begins with a capital letter", f.Name.Name)
	case f.Type.TypeParams != nil:
		return "", fmt.Errorf("%s is generic: give a function that calls it with the types of your choice", f.Name.Name)
	case len(params) == 1 && len(results) == 1:
		return "Plain", nil
	case len(params) == 1 && len(results) == 2:
		return "Answer", nil
	case len(params) == 2 && len(results) == 1:
		return "Context", nil
	}
	return "", wrongForm(f.Name.Name, types.ExprString(f.Type))
}

func wrongForm(name, is string) error {
	return fmt.Errorf("%s is a %s, which parcon cannot call: it calls %s", name, is, Forms)
}

// names has an entry for each parameter.
func names(list *ast.FieldList) (all []string) {
	if list == nil {
		return nil
	}
	for _, field := range list.List {
		for range max(1, len(field.Names)) {
			all = append(all, types.ExprString(field.Type))
		}
	}
	return all
}
