package messages

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// endOfFile: a process writes a byte to a pipe and closes its copy of the write end. This
// process reads that byte, and reads on. A copy may have been forgotten: another child
// inherited one that it does not know of, or the reader's own process never closed its
// own. Then the reader waits; it is watched for a moment, and after that the forgotten
// copy is closed too.
var endOfFile = card.Card{
	Name: "eof", Doc: "is the end of a pipe seen while a copy of its write end is open?",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys: []card.Choice{{Key: "copy", Values: []string{"none", "child", "reader"}, Words: map[string]string{
		"none": "no copy forgotten", "child": "one forgotten in another child, which inherited it", "reader": "one forgotten in the reader's own process",
	}}},
	Cases:    endCases,
	Claims:   endClaims,
	Prepare:  prepareEnd,
	Parts:    map[string]func([]string) error{"holder": holdEnds},
	Counts:   []string{unitBlocked},
	Label:    "end of a pipe",
	Sections: endSections,
}

// unitBlocked is in how many tries the reader still waited after the writer had closed.
const unitBlocked = "blocked"

var stillWaits = card.Measure{Name: "still waiting", Unit: unitBlocked, How: card.Every}

func ended(copy string) variant.Variant { return card.Of("eof", "copy", copy) }

func endCases(card.Scale) []card.Case {
	return []card.Case{card.Run(card.Tries, ended("none")), card.Run(card.Tries, ended("child")), card.Run(card.Tries, ended("reader"))}
}

func endClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "M3", Text: "The reader of a pipe sees its end only when every copy of the write end is closed; forget one, and it hangs",
		Caveat:      fmt.Sprintf("It hangs if it has not gone on %d ms after the writer closed its copy; it sees the end as soon as the forgotten one is closed.", moment.Milliseconds()),
		Comparisons: []card.Comparison{card.Always(card.Seen, ended("none"))},
	}
	for _, forgotten := range []string{"child", "reader"} {
		claim.Comparisons = append(claim.Comparisons, card.Always(stillWaits, ended(forgotten)), card.Always(card.Seen, ended(forgotten)))
	}
	return []card.Claim{claim}
}

func endSections() []section.Section {
	return []section.Section{{
		Topic: "The end of a pipe", Claims: []string{"M3"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted("seen", "with all copies of the write end closed its reader saw the end in %s tries", "copy", "none"),
				section.Counted(unitBlocked, "with one forgotten in another child it still waited in %s", "copy", "child"),
				section.Counted(unitBlocked, "with one forgotten in its own process in %s", "copy", "reader"),
			},
			Columns: []section.Column{
				section.Under("copies of the write end", section.Value("copy")),
				section.Under("still waiting after the writer closed", section.Count(unitBlocked)),
				section.Under("end seen once all copies were closed", section.Count("seen")),
			},
			Note: fmt.Sprintf("It was watched for %d ms.", moment.Milliseconds()),
		},
	}}
}

func prepareEnd(t card.Trial) (card.Session, error) {
	return card.Session{Run: func() (protocol.Measurement, error) {
		return batches(t.Ops, func(tries int) (protocol.Measurement, error) { return readToEnd(t, tries) })
	}}, nil
}

// A conduit is the pipe of a try. The write end is nil where this process has none.
type conduit struct{ read, write *os.File }

func (c conduit) close() { peer.CloseAll(c.read, c.write) }

// conduits makes pipes, and the processes that have their write ends: the writer, and the
// one that forgets, if there is one.
func conduits(t card.Trial, n int) (pipes []conduit, crew peer.Crew, err error) {
	defer func() {
		if err != nil {
			for _, p := range pipes {
				p.close()
			}
		}
	}()
	var ends []*os.File
	for range n {
		read, write, err := os.Pipe()
		if err != nil {
			return pipes, nil, fmt.Errorf("making a pipe: %w", err)
		}
		pipes, ends = append(pipes, conduit{read, write}), append(ends, write)
	}
	holders := 1
	if t.Get("copy") == "child" {
		holders = 2
	}
	crew, err = peer.Assemble(holders, patience, func(int) *exec.Cmd {
		cmd := peer.Part(t, 1, "holder", strconv.Itoa(n))
		cmd.ExtraFiles = ends
		return cmd
	})
	if err == nil && t.Get("copy") != "reader" {
		for i := range pipes {
			_ = pipes[i].write.Close()
		}
	}
	return pipes, crew, err
}

// An ending is what was seen of one.
type ending struct{ blocked, seen bool }

func readToEnd(t card.Trial, tries int) (_ protocol.Measurement, err error) {
	pipes, crew, err := conduits(t, tries)
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, crew.End(patience))
		for _, p := range pipes {
			p.close()
		}
	}()
	writer, forgotten := &helper{Process: crew[0]}, func(int) error { return nil }
	switch t.Get("copy") {
	case "child":
		child := &helper{Process: crew[1]}
		forgotten = func(try int) error { return child.order("close", try) }
	case "reader":
		forgotten = func(try int) error { return pipes[try].write.Close() }
	}
	seen, err := card.Together(tries, abreast, func(try int) (e ending, err error) {
		if err := writer.order("write", try); err != nil {
			return e, err
		}
		if err := pipes[try].gift(); err != nil {
			return e, err
		}
		if t.Get("copy") != "none" {
			atEnd, err := pipes[try].atEnd(moment)
			if e.blocked = !atEnd; err != nil {
				return e, err
			}
		}
		if err := forgotten(try); err != nil {
			return e, err
		}
		e.seen, err = pipes[try].atEnd(patience)
		return e, err
	})
	return count(seen, map[string]func(ending) bool{
		card.UnitSeen: func(e ending) bool { return e.seen },
		unitBlocked:   func(e ending) bool { return e.blocked },
	}), err
}

// letter is what the writer writes.
const letter = 'x'

// gift reads it.
func (c conduit) gift() error {
	b := make([]byte, 1)
	if err := c.read.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("bounding a read of a pipe: %w", err)
	}
	_, err := c.read.Read(b)
	switch {
	case err != nil:
		return fmt.Errorf("reading what a process wrote to a pipe: %w", err)
	case b[0] != letter:
		return fmt.Errorf("reading what a process wrote to a pipe: %q, want %q", b, letter)
	}
	return nil
}

// atEnd reads on, and says whether the pipe came to its end in time.
func (c conduit) atEnd(limit time.Duration) (bool, error) {
	if err := c.read.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return false, fmt.Errorf("bounding a read of a pipe: %w", err)
	}
	n, err := c.read.Read(make([]byte, 1))
	switch {
	case err == io.EOF:
		return true, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, nil
	case err == nil:
		return false, fmt.Errorf("reading a pipe to its end: %d bytes more than were written", n)
	}
	return false, fmt.Errorf("reading a pipe to its end: %w", err)
}

// holdEnds is a process that has write ends: it writes to one and closes it, or only
// closes it, when it is told.
func holdEnds(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("holding the ends of pipes: %d arguments, want their number", len(args))
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("holding the ends of pipes: %w", err)
	}
	const firstFD = 3 // where os/exec puts the first of a command's ExtraFiles
	ends := make([]*os.File, n)
	for i := range ends {
		ends[i] = os.NewFile(uintptr(firstFD+i), "write end")
	}
	return heed(n, func(word string, try int) (string, error) {
		switch word {
		case "write":
			if _, err := ends[try].Write([]byte{letter}); err != nil {
				return "", fmt.Errorf("writing to a pipe: %w", err)
			}
		case "close":
		default:
			return "", unknown(word)
		}
		return done, ends[try].Close()
	})
}
