package tool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"parcon/runner/proc"
)

// The test binary is the guard, and what it guards.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "guard" {
		if err := proc.Guard(proc.Stdin(), os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) > 2 && os.Args[1] == "say" {
		say(os.Args[2])
	}
	os.Exit(m.Run())
}

func say(what string) {
	switch what {
	case "hello":
		dir, _ := os.Getwd()
		fmt.Println("hello", os.Getenv("KEY"), os.Getenv("PWD") == dir)
	case "wrong":
		fmt.Println("so far")
		fmt.Fprint(os.Stderr, "# heading\n\nit is broken\nfor good\n")
		os.Exit(3)
	case "much":
		line := []byte(strings.Repeat("x", 1<<20))
		for range 20 {
			_, _ = os.Stdout.Write(line)
		}
	case "never":
		time.Sleep(time.Hour)
	}
	os.Exit(0)
}

var self = must(os.Executable())

func must(path string, err error) string {
	if err != nil {
		panic(err)
	}
	return path
}

func box() Box { return Box{Guard: []string{self, "guard"}, Env: os.Environ()} }

func TestAProgramHasItsFolderAndEnvironment(t *testing.T) {
	dir := must(os.Getwd())
	said, err := box().With("KEY=value").Run(t.Context(), dir, self, "say", "hello")
	if said.Out != "hello value true\n" || err != nil {
		t.Errorf("%q, %v", said.Out, err)
	}
}

func TestWhatGoesWrongIsToldInALine(t *testing.T) {
	out, err := box().Output(t.Context(), ".", self, "say", "wrong")
	if out != "so far\n" || err == nil || err.Error() != "it is broken" {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := box().Output(t.Context(), ".", "/no/such/program"); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestOfVeryMuchTheBeginningIsKept(t *testing.T) {
	said, err := box().Run(t.Context(), ".", self, "say", "much")
	if len(said.Out) != mostPrinted || err == nil || !strings.Contains(err.Error(), "printed more than 16 MB") {
		t.Errorf("%d bytes, %v", len(said.Out), err)
	}
}

func TestAProgramEndsWithItsContext(t *testing.T) {
	late := errors.New("too late")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, late)
	defer cancel()
	for range 2 { // the second is not even started
		if _, err := box().Run(ctx, ".", self, "say", "never"); !errors.Is(err, late) {
			t.Errorf("%v", err)
		}
	}
}

func TestReason(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "# pkg\n": "", "go: downloading a v1\n# pkg\n\n  x.go:1: bad\nmore": "x.go:1: bad",
		"warning: no\nfatal: yes\n": "fatal: yes",
	} {
		if got := Reason(text); got != want {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func ExampleBox_Output() {
	out, err := box().Output(context.Background(), must(os.Getwd()), self, "say", "hello")
	fmt.Print(out, err)
	// Output:
	// hello  true
	// <nil>
}
