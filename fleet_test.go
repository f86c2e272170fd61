package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"parcon/experiments/chapters"
	"parcon/runner/link/broker"
)

// natsServer starts a message server for the rest of a script, with the key in a file,
// and puts its address into $NATS.
// Usage: natsserver FILE
func natsServer(ts *testscript.TestScript, _ bool, args []string) {
	b, end, err := broker.Scratch(broker.Options{Listen: "127.0.0.1:0", Key: strings.TrimSpace(ts.ReadFile(args[0])), Dir: ts.MkAbs(".")})
	ts.Check(err)
	ts.Defer(end)
	ts.Setenv("NATS", b.URL())
}

// freePort puts the number of a port that is free into $PORT.
// Usage: freeport
func freePort(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(errors.Join(err, l.Close()))
	ts.Setenv("PORT", port)
}

// waitText waits until a file holds a text.
// Usage: waittext TEXT FILE
func waitText(ts *testscript.TestScript, _ bool, args []string) {
	eventually(ts, args[1]+" holds "+args[0], func() bool {
		text, _ := os.ReadFile(ts.MkAbs(args[1]))
		return bytes.Contains(text, []byte(args[0]))
	})
}

// A fleet means the same by the same words: the fingerprint is that of this catalogue
// and changes with it.
func TestTheIdentityIsTheCatalogues(t *testing.T) {
	was := identity()
	if again := identity(); again != was || len(was.Catalogue) != 16 {
		t.Errorf("%v, then %v", was, again)
	}
	all := chapters.All
	defer func() { chapters.All = all }()
	chapters.All = all[1:]
	if identity() == was {
		t.Error("without a chapter the catalogue is the same")
	}
}

// Only the progress of a run travels, line by line, whatever pieces it is written in.
func TestNotesAreTheProgressLines(t *testing.T) {
	var said []string
	n := &noted{say: func(line string) { said = append(said, line) }}
	for _, part := range []string{"P2 holds, at odds of 9 to 1\ntri", "al 3 of 9, round 1", ", at most 2s left\nparcon: x\n", "trial 4"} {
		if _, err := n.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if len(said) != 1 || said[0] != "trial 3 of 9, round 1, at most 2s left" {
		t.Errorf("%q", said)
	}
}

// What travels is what the command line asks, and nothing else.
func TestAskedOptionsAreThoseOfTheCommandLine(t *testing.T) {
	a := asked{"standard", "3m", 50, 7, 9, time.Minute, []string{"P2"}}
	o := a.options()
	if o.profile != "standard" || o.budget != "3m" || o.odds != 50 || o.rounds != 7 || o.seed != 9 || o.timeout != time.Minute || o.out != "" || o.resume != "" || o.tasksOf != "" || o.pythons != nil {
		t.Errorf("%+v", o)
	}
}
