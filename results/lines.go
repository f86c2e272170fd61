package results

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
)

// lines yields the lines of a text as the program printed them whose output it is:
// without what log collectors, terminals and editors put around them, and taken out
// of the events of go test -json.
type lines struct {
	in     *bufio.Reader
	bad    func(line int, text string) // is told of what is passed over
	number int                         // of the line in the file, from 1
	text   []byte                      // valid until the next call of next
	ended  bool                        // it has a line end
	err    error
	raw    []byte
	parts  []part            // of the line that was read last, not yet yielded
	events map[string][]byte // output of each package that has no line end yet
	pkg    string            // whose output was yielded last
}

// A part is a line that was taken out of another.
type part struct {
	text  []byte
	ended bool
}

func newLines(in *bufio.Reader, bad func(int, string)) *lines {
	return &lines{in: in, bad: bad, events: map[string][]byte{}}
}

// next reads on to the next line. It returns false at the end, and where err says
// why there is no further.
func (l *lines) next() bool {
	for len(l.parts) == 0 {
		if !l.read() {
			return l.rest()
		}
		text := clean(l.raw)
		switch i := bytes.LastIndexByte(text, '\r'); {
		case isEvent(text):
			l.event(text)
		case i < 0:
			l.text = text
			return true
		default:
			// A progress bar, or a file whose lines end so.
			for p := range bytes.SplitSeq(text, []byte("\r")) {
				l.parts = append(l.parts, part{clean(p), true})
			}
			l.parts[len(l.parts)-1].ended = l.ended
		}
	}
	l.text, l.ended = l.parts[0].text, l.parts[0].ended
	l.parts = l.parts[1:]
	return true
}

// read reads the next line of the file. Lines that are too long, and those that are
// no text, are passed over.
func (l *lines) read() bool {
	for l.err == nil {
		piece, err := l.in.ReadSlice('\n')
		if len(piece) == 0 && err != nil {
			return l.end(err)
		}
		l.number++
		l.raw = append(l.raw[:0], piece...)
		long := false
		for errors.Is(err, bufio.ErrBufferFull) {
			piece, err = l.in.ReadSlice('\n')
			if long = long || len(l.raw)+len(piece) > longestLine+1; !long {
				l.raw = append(l.raw, piece...)
			}
		}
		l.ended = err == nil
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return l.end(err)
		case long:
			l.bad(l.number, "the line is longer than 1 MiB")
		case bytes.IndexByte(l.raw, 0) >= 0 && !bytes.HasPrefix(l.raw, benchmarkWord):
			// A reason may hold one; a hole that a crash left, and UTF-16 amid UTF-8, begin so.
			l.bad(l.number, "the line holds zero bytes: it is no text")
		default:
			l.raw = bytes.TrimRight(l.raw, "\r\n")
			return true
		}
	}
	return false
}

func (l *lines) end(err error) bool {
	if !errors.Is(err, io.EOF) {
		l.err = err
	}
	return false
}

// rest yields output of go test -json that has no line end.
func (l *lines) rest() bool {
	for _, pkg := range slices.Sorted(maps.Keys(l.events)) {
		l.text, l.ended = l.events[pkg], false
		delete(l.events, pkg)
		if len(l.text) > 0 {
			return true
		}
	}
	return false
}

var byteOrderMark = []byte("\ufeff")

// clean takes byte-order marks and the control codes of terminals off a line.
func clean(line []byte) []byte {
	for bytes.HasPrefix(line, byteOrderMark) {
		line = line[len(byteOrderMark):]
	}
	if bytes.IndexByte(line, 0x1b) >= 0 {
		line = controls.ReplaceAll(line, nil)
	}
	return line
}

// controls are the sequences of ECMA-48 that begin with escape: those with
// parameters, as for colours, those that hold a text, as for links, and the short ones.
var controls = regexp.MustCompile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)|[(-/]?[0-OQ-WYZ\\\\`-~])")

// wrapping is what collectors of logs put before a line: the name of a container
// (docker compose), of a job and its step (GitHub's command), time stamps, of
// journald with the unit and its process.
var wrapping = regexp.MustCompile(`^(?:` +
	`[\w.-]+ +\| ?` +
	`|[^\t|]{1,200}\t[^\t|]{1,200}\t\x{FEFF}?` + isoTime + ` ?` +
	`|\[?` + isoTime + `\]?(?: \d\d[OE]\+?)? ?` +
	`|\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]? +` +
	`|[A-Z][a-z][a-z] [ 0-3]?\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[\w.-]+ [\w./@-]+(?:\[\d+\])?: )?` +
	`)`)

const isoTime = `\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?`

// unwrap takes that off.
func unwrap(line []byte) []byte {
	for range 3 {
		at := wrapping.FindIndex(line)
		if at == nil {
			break
		}
		line = clean(line[at[1]:])
	}
	return line
}

// isEvent says whether a line is an event of go test -json.
func isEvent(line []byte) bool {
	return len(line) > 0 && line[0] == '{' && bytes.Contains(line[:min(len(line), 512)], []byte(`"Action"`))
}

// event adds the output of an event to that of its package, and takes whole lines
// from it. The output of several packages may come mixed.
func (l *lines) event(text []byte) {
	var e struct{ Action, Package, ImportPath, Output string }
	if err := json.Unmarshal(text, &e); err != nil {
		l.bad(l.number, "it is a line of JSON that cannot be read: "+err.Error())
		return
	}
	if e.Output == "" {
		return
	}
	output := append(l.events[e.Package], e.Output...)
	i := bytes.LastIndexByte(output, '\n') + 1
	l.events[e.Package] = bytes.Clone(output[i:])
	if i == 0 {
		if len(output) > longestLine {
			l.bad(l.number, "the line is longer than 1 MiB")
			delete(l.events, e.Package)
		}
		return
	}
	if e.Package != "" && e.Package != l.pkg {
		l.pkg = e.Package
		l.parts = append(l.parts, part{[]byte("pkg: " + e.Package), true})
	}
	for line := range bytes.Lines(output[:i]) {
		l.parts = append(l.parts, part{clean(bytes.TrimRight(line, "\r\n")), true})
	}
}
