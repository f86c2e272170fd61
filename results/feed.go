package results

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// A feed is what benchfmt's reader reads: one line at a time, and only those that
// are for it. It asks for the next one when it has dealt with the last, so the line
// that stands in lines is the one that its record is of.
type feed struct {
	r    *Reader
	buf  []byte
	rest []byte // of the line
	// A line that is too long for benchfmt, which takes 64 KiB, is read in pieces:
	// some values each, and the name put in at the end.
	pieces [][]byte
	name   benchfmt.Name
	first  bool
}

func (f *feed) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		if len(f.pieces) > 0 {
			f.rest, f.pieces = f.pieces[0], f.pieces[1:]
			break
		}
		f.name = nil
		if !f.r.next() {
			if f.r.err != nil {
				return 0, f.r.err
			}
			return 0, io.EOF
		}
		if text := f.r.lines.text; len(text) <= longForBenchfmt {
			f.buf = append(append(f.buf[:0], text...), '\n')
			f.rest = f.buf
		} else {
			f.cut(text)
		}
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

const longForBenchfmt = 60 << 10

// cut makes pieces of a long line.
func (f *feed) cut(text []byte) {
	fields := bytes.Fields(text)
	if len(fields) < 4 {
		f.r.bad(f.r.lines.number, "it is no result, and longer than 60 KiB")
		return
	}
	f.name, f.first = bytes.Clone(bytes.TrimPrefix(fields[0], benchmarkWord)), true
	head := append([]byte("BenchmarkX "), fields[1]...)
	piece := bytes.Clone(head)
	for pair := fields[2:]; len(pair) > 0; pair = pair[min(2, len(pair)):] {
		two := bytes.Join(pair[:min(2, len(pair))], []byte(" "))
		if len(head)+len(two) > longForBenchfmt/2 {
			f.r.bad(f.r.lines.number, "a word of it is longer than 30 KiB")
			f.pieces = nil
			return
		}
		if len(piece)+len(two) > longForBenchfmt {
			f.pieces = append(f.pieces, append(piece, '\n'))
			piece = bytes.Clone(head)
		}
		piece = append(append(piece, ' '), two...)
	}
	f.pieces = append(f.pieces, append(piece, '\n'))
}

var (
	benchmarkWord = []byte("Benchmark")
	unitLine      = regexp.MustCompile(`^Unit\s+\S+\s+\S+=`) // prose begins so too
)

// next reads on to a line that benchfmt's reader is to read. Configuration is kept
// here, because not all that looks like it is: see configure.
func (r *Reader) next() bool {
	for r.err == nil && r.lines.next() {
		if r.barren += len(r.lines.text) + 1; r.barren > mostBarren {
			r.err = fmt.Errorf("%s: %d MB of it hold no result: it is no result file", r.name, mostBarren>>20)
			break
		}
		if r.resumes && !r.lines.ended {
			continue
		}
		if r.wanted(r.lines.text) {
			return true
		}
		if text := unwrap(r.lines.text); len(text) < len(r.lines.text) {
			r.lines.text = text
			if r.wanted(text) {
				return true
			}
		}
		r.look(r.lines.text)
	}
	if r.err == nil && r.lines.err != nil {
		r.err = errors.New(r.name + ": " + r.lines.err.Error())
	}
	return false
}

// wanted says whether a line is for benchfmt: a result, or what is said of a unit.
// Configuration is dealt with here.
func (r *Reader) wanted(line []byte) bool {
	if bytes.HasPrefix(line, benchmarkWord) || unitLine.Match(line) {
		return true
	}
	if key, value, ok := keyValue(line); ok {
		r.configure(key, value)
	}
	return false
}

// look notes what else a line may say: that the benchmarks of a package are done,
// that something failed, or that it is a result which lost its beginning.
func (r *Reader) look(line []byte) {
	word, _, _ := bytes.Cut(line, []byte("\t"))
	switch string(bytes.TrimRight(word, " ")) {
	case "PASS", "FAIL", "ok":
		r.heading = true
	}
	if brokenLine.Match(line) {
		if len(r.Broken) < mostBroken {
			r.Broken = append(r.Broken, r.at(r.lines.number)+quote(line))
		}
		return
	}
	switch {
	case (bytes.Contains(line, benchmarkWord) || bytes.Contains(line, []byte("ns/op"))) && lostResult.Match(line):
		r.bad(r.lines.number, "it looks like a result and does not begin with \"Benchmark\": "+quote(line))
	case !r.lines.ended && len(line) > 0 && bytes.HasPrefix(benchmarkWord, line):
		r.cutOff()
	}
}

const mostBroken = 100

var (
	// brokenLine are the words of go test, of Go, and of what ran it (shells, make, time,
	// GitHub's runner) for what failed.
	brokenLine = regexp.MustCompile(`^(?:\s*--- FAIL|FAIL(?:\s|$)|panic: |fatal error: |unexpected fault address |exit status [1-9]|signal: |\*\*\* Test killed|SIG[A-Z]+: ` +
		`|WARNING: DATA RACE$|(?:Killed|Terminated|Aborted|Segmentation fault|Bus error)(?: \(core dumped\))?$` +
		`|g?make(?:\[\d+\])?: \*\*\* .* Error [1-9]|Command (?:terminated by signal|exited with non-zero status) ` +
		`|(?:##\[error\]|Error: )Process completed with exit code [1-9])`)
	// lostResult is a result whose name another line took, or one behind words.
	lostResult = regexp.MustCompile(`\bBenchmark[^a-z\s]\S*\s+\d+\s+[\d.]|(?:^|\s)\d+\s+[\d.e+]+\s+ns/op\b`)
)

// quote shows the beginning of a line.
func quote(line []byte) string {
	const most = 80
	text := oneLine(strings.ToValidUTF8(string(line[:min(len(line), most)]), "?"))
	if len(line) > most {
		text += " …"
	}
	return text
}
