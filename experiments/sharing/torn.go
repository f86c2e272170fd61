package sharing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"syscall"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/experiments/scratch"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// tornWrites lets four processes write lines to one terminal, to one pipe or to one
// file that is open for appending, and counts those that did not arrive whole.
//
// POSIX promises that a write to a pipe is not mixed with others up to PIPE_BUF
// bytes, 4096 on Linux (pipe(7)). For a file it promises only that appending and
// writing are one step; Linux holds the file's lock for a whole write
// (inode_lock in ext4, xfs ...; not every file system does), and that of a terminal
// too (atomic_write_lock in drivers/tty/tty_io.c). The terminal is a pseudo-terminal
// as it comes (pty(7)): it makes of each line's end two bytes, of which the reader
// drops one.
var tornWrites = card.Card{
	Name: "lines", Doc: "are the lines of four writers torn?",
	Keys: []card.Choice{
		{Key: "medium", Values: []string{"tty", "pipe", "file"}},
		{Key: "size", Format: "size %s"}, // bytes of a line with its newline
		// writes for a line
		{Key: "parts", Values: []string{"1", "2"}, Optional: true, Words: map[string]string{"1": "in one write", "2": "in two writes"}},
		{Key: "lock", Values: []string{"none", "flock"}, Words: lockWords, Format: "with %s"},
	},
	Needs:   []card.Need{card.Linux},
	Cases:   lineCases,
	Claims:  lineClaims,
	Prepare: prepareLines,
	Parts: map[string]func([]string) error{"write": func(args []string) error {
		if len(args) < 6 {
			return fmt.Errorf("writing lines: %d arguments, want 5 and how many lines", len(args))
		}
		var numbers []int
		for _, arg := range slices.Concat(args[:3], args[5:]) {
			n, err := strconv.Atoi(arg)
			if err != nil {
				return fmt.Errorf("writing lines: %w", err)
			}
			numbers = append(numbers, n)
		}
		return attend(func(episode int) error {
			w := lineWriter{index: numbers[0], size: numbers[1], split: numbers[2] == 2, lines: numbers[3+episode]}
			if err := w.open(episode, args[3] == "file", args[4] == "flock"); err != nil {
				return err
			}
			return w.write()
		})
	}},
	Counts:   []string{"torn"},
	Sections: tornWritesSections,
}

func tornWritesSections() []section.Section {
	return []section.Section{{
		Topic: "Torn lines", Claims: []string{"S6"},
		Form: section.Func(tearing),
	}}
}

// A page of lines: where they go, how long one is, in how many writes.
type page struct {
	medium      string
	size, parts int
}

func (p page) lines(lock string) variant.Variant {
	return card.Of("lines", "medium", p.medium, "size", card.Itoa(p.size), "parts", card.Itoa(p.parts), "lock", lock)
}

// Lines that others were mixed into.
var (
	torn    = card.Measure{Name: "torn", Unit: "torn", How: card.Every}
	anyTorn = card.Measure{Name: "torn", Unit: "torn", How: card.Some}
)

// pages are the ways in which the programs of textbooks write lines, which the claim
// is about: the text and its end apart, as print does in Python where nothing is
// kept back, or longer than what a pipe takes in one piece.
var pages = []page{{"tty", 64, 2}, {"pipe", 64, 2}, {"file", 64, 2}, {"pipe", 5000, 1}, {"pipe", 8192, 1}, {"pipe", 65536, 1}}

// onePiece are those that Linux writes in one piece: no lock is needed there.
var (
	onePiece     = []page{{"tty", 64, 1}, {"pipe", 64, 1}, {"file", 64, 1}}
	moreOnePiece = []page{{"tty", 65536, 1}, {"pipe", 4096, 1}, {"file", 65536, 1}}
)

// count is how many lines a trial writes. A terminal takes ten times as long for a
// byte.
func (p page) count() int {
	most, least := 30_000_000/p.size, 1_000
	if p.medium == "tty" {
		most, least = min(5_000, most/10), least/10
	}
	return min(10_000, max(least, most))
}

func lineCases(s card.Scale) []card.Case {
	var cases []card.Case
	for _, p := range pages {
		cases = append(cases, card.Run(p.count(), p.lines("none")), card.Run(p.count(), p.lines("flock")))
	}
	whole := onePiece
	if s.Depth >= card.Standard {
		whole = slices.Concat(onePiece, moreOnePiece)
	}
	for _, p := range whole {
		cases = append(cases, card.Run(p.count(), p.lines("none")))
	}
	return cases
}

func lineClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "S6", Text: "Unlocked writers to one terminal or file mix up each other's lines; a lock keeps them whole",
		Caveat: "They write as the programs of textbooks do: a line's text and its end apart, or a line that is longer than what a pipe takes in one piece (4096 bytes). " +
			"What one write gives to a pipe up to there, or to a file or a terminal at any length, is whole on Linux without a lock too: such lines stand beside.",
	}
	for _, p := range pages {
		claim.Comparisons = append(claim.Comparisons, card.Sometimes(anyTorn, p.lines("none")), card.Never(torn, p.lines("flock")))
	}
	return []card.Claim{claim}
}

const writersOfLines = 4

func prepareLines(t card.Trial) (card.Session, error) {
	size := t.Int("size", 0)
	if size < shortest {
		return card.Session{}, fmt.Errorf("lines of %d bytes: give at least %d, so that each has a letter, a number and a newline", size, shortest)
	}
	n := episodes(t)
	var all media
	defer func() { closeAll(all.ours...) }()
	for range n {
		if err := all.add(t); err != nil {
			closeAll(all.read...)
			return card.Session{}, err
		}
	}
	c, err := assemble(t, writersOfLines, "write", same(all.theirs...), func(index int) []string {
		args := []string{strconv.Itoa(index), strconv.Itoa(size), strconv.Itoa(t.Int("parts", 1)), t.Get("medium"), t.Get("lock")}
		for e := range n {
			args = append(args, strconv.Itoa(share(share(t.Ops, n, e), writersOfLines, index)))
		}
		return args
	})
	if err != nil {
		closeAll(all.read...)
		return card.Session{}, err
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) { return runLines(t, c, all.read, size) },
		Close: func() error {
			c.Kill()
			closeAll(all.read...)
			return nil
		},
	}, nil
}

// media are those of all episodes, each with its lock if there is one.
type media struct {
	read   []*os.File // where the lines come out
	theirs []*os.File // what the writers are given: medium and lock of each episode
	ours   []*os.File // of these, what only they are to have
}

// add makes one more.
func (m *media) add(t card.Trial) error {
	var read, write *os.File
	var err error
	switch t.Get("medium") {
	case "pipe":
		read, write, err = os.Pipe()
	case "tty":
		read, write, err = terminal()
	default:
		read, err = scratch.File(t.Env.Dir)
	}
	if err != nil {
		return fmt.Errorf("making a %s: %w", t.Get("medium"), err)
	}
	m.read = append(m.read, read)
	if write == nil {
		m.theirs = append(m.theirs, read)
	} else {
		m.theirs, m.ours = append(m.theirs, write), append(m.ours, write)
	}
	if t.Get("lock") == "flock" {
		lock, err := scratch.File(t.Env.Dir)
		if err != nil {
			return err
		}
		m.theirs, m.ours = append(m.theirs, lock), append(m.ours, lock)
	}
	return nil
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}

// runLines reads a pipe or a terminal while the writers write, and a file
// afterwards.
func runLines(t card.Trial, c peer.Crew, read []*os.File, size int) (protocol.Measurement, error) {
	judges := make([]*judge, len(read))
	for e := range judges {
		judges[e] = newJudge(share(t.Ops, len(read), e), size)
	}
	var meanwhile func(context.Context, int) error
	if t.Get("medium") != "file" {
		meanwhile = func(_ context.Context, episode int) error { return judges[episode].readAll(read[episode]) }
	}
	m, err := job(c, t.Ops, len(read), meanwhile)
	if err != nil {
		return nil, err
	}
	all := 0
	for e, j := range judges {
		if meanwhile == nil {
			if err := j.readAll(io.NewSectionReader(read[e], 0, 1<<62)); err != nil {
				return nil, err
			}
		}
		torn, err := j.torn()
		if err != nil {
			return nil, err
		}
		all += torn
	}
	m[card.UnitTries], m[card.UnitEpisodes], m["torn"] = float64(t.Ops), float64(len(read)), float64(all)
	return m, nil
}

// A line is the writer's letter, the line's number among the writer's, the
// letter again up to the size, and a newline.
const (
	digits   = 10
	shortest = 1 + digits + 1
)

func line(index, number, size int) []byte {
	letter := byte('a' + index)
	l := bytes.Repeat([]byte{letter}, size)
	copy(l[1:], fmt.Sprintf("%0*d", digits, number))
	l[size-1] = '\n'
	return l
}

// A lineWriter is one of the writers.
type lineWriter struct {
	index, lines, size int
	split              bool // text and newline apart

	out, lock *os.File // lock is nil if there is none
}

// open takes over the descriptors that the trial gave for an episode: the medium, and
// the file to lock if there is one. Behind the last of them are Go's own.
func (w *lineWriter) open(episode int, file, locked bool) error {
	fd := uintptr(firstFD + episode)
	if locked {
		fd = uintptr(firstFD + 2*episode)
	}
	var err error
	if file {
		w.out, err = os.OpenFile(pathOf(fd), os.O_WRONLY|os.O_APPEND, 0)
	} else {
		w.out = os.NewFile(fd, "lines")
		err = block(w.out)
	}
	if err != nil {
		return fmt.Errorf("opening the lines' medium: %w", err)
	}
	if locked {
		if w.lock, err = os.OpenFile(pathOf(fd+1), os.O_RDWR, 0); err != nil {
			return fmt.Errorf("opening the lines' lock: %w", err)
		}
	}
	return nil
}

// write writes all lines and closes, so that the reader sees the end.
func (w *lineWriter) write() error {
	if w.lock != nil {
		defer w.lock.Close()
	}
	text := line(w.index, 0, w.size)
	for i := range w.lines {
		copy(text, line(w.index, i, shortest)[:1+digits])
		if err := w.one(text); err != nil {
			return fmt.Errorf("writing line %d of %d: %w", i+1, w.lines, err)
		}
	}
	return w.out.Close()
}

func (w *lineWriter) one(text []byte) error {
	if w.lock != nil {
		if err := flock(w.lock, exclusive); err != nil {
			return err
		}
	}
	pieces := [][]byte{text}
	if w.split {
		end := len(text) - 1
		pieces = [][]byte{text[:end], text[end:]}
	}
	for _, p := range pieces {
		if _, err := w.out.Write(p); err != nil {
			return err
		}
	}
	if w.lock != nil {
		return flock(w.lock, unlocked)
	}
	return nil
}

// A judge reads what the writers wrote, and looks at every byte.
type judge struct {
	size, lines, bytes int
	whole              int
	seen               [writersOfLines][]bool // whole lines, by their number
	text               [writersOfLines][]byte // what a line looks like
	rest               []byte                 // of a line that is not at its end
}

func newJudge(lines, size int) *judge {
	j := &judge{size: size, lines: lines}
	for w := range writersOfLines {
		j.seen[w] = make([]bool, share(lines, writersOfLines, w))
		j.text[w] = line(w, 0, size)
	}
	return j
}

// readAll reads to the end, a page at a time as a terminal does. One that takes many
// pages at once leaves a pipe room for an even number of them: then lines of two pages
// would be whole, only because of their reader.
//
// A terminal that nobody has open any more says EIO. It may say so once before its
// last bytes: n_tty_read (drivers/tty/n_tty.c) looks for input, and then whether the
// other side is closed, and a reader that loses its core between these two misses what
// was written meanwhile. The next read finds it, so only a second EIO is the end.
func (j *judge) readAll(from io.Reader) error {
	page := make([]byte, 4096)
	closed := false
	for {
		n, err := from.Read(page)
		_, _ = j.Write(bytes.ReplaceAll(page[:n], []byte("\r"), nil))
		switch {
		case err == io.EOF, closed && errors.Is(err, syscall.EIO):
			return nil
		case errors.Is(err, syscall.EIO):
			closed = true
		case err != nil:
			return fmt.Errorf("reading the lines: %w", err)
		}
	}
}

// Write takes the next bytes. It never fails.
func (j *judge) Write(p []byte) (int, error) {
	n := len(p)
	j.bytes += n
	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			j.rest = append(j.rest, p...)
			return n, nil
		}
		l := p[:end+1]
		if len(j.rest) > 0 {
			l = append(j.rest, l...)
			j.rest = l[:0]
		}
		if j.isWhole(l) {
			j.whole++
		}
		p = p[end+1:]
	}
}

// isWhole says whether it is one writer's whole line and the first of its
// number.
func (j *judge) isWhole(l []byte) bool {
	w := int(l[0]) - 'a'
	if len(l) != j.size || w < 0 || w >= writersOfLines || !bytes.Equal(l[1+digits:], j.text[w][1+digits:]) {
		return false
	}
	number := 0
	for _, c := range l[1 : 1+digits] {
		if c < '0' || c > '9' {
			return false
		}
		number = 10*number + int(c-'0')
	}
	if number >= len(j.seen[w]) || j.seen[w][number] {
		return false
	}
	j.seen[w][number] = true
	return true
}

// torn is how many of the lines that were written did not arrive whole.
func (j *judge) torn() (int, error) {
	if want := j.lines * j.size; j.bytes != want {
		return 0, fmt.Errorf("%d bytes arrived, %d were written", j.bytes, want)
	}
	return j.lines - j.whole, nil
}

func tearing(s section.Samples) section.Shown {
	shown := section.Table{
		Finding: []section.Clause{
			tornIn("as textbooks' programs write them, lines were torn in %s ways without a lock", "none", true),
			tornIn("with a lock in %s", "flock", true),
			tornIn("in the ways that Linux keeps whole they were torn in %s without one", "none", false),
		},
		Rows: linePairs,
		Columns: []section.Column{
			section.Under("written to", section.Value("medium")),
			section.Under("bytes of a line", section.Value("size")),
			section.Under("written", section.Value("parts")),
			section.Under("as textbooks write", func(_ section.Samples, row section.Row) string {
				if asTextbooks(row[0]) {
					return "yes"
				}
				return "no"
			}),
			section.Under("torn without a lock", tornWith("none")),
			section.Under("torn with a lock", tornWith("flock")),
		},
		Note: "Four processes write lines at once. Torn: another line's bytes stand in it. The verdict is on what textbooks write. The other ways are exceptions: Linux takes up to 4096 bytes (PIPE_BUF) that one write gives to a pipe in one piece, and all that it gives to a file or a terminal.",
	}.Show(s)
	if t := s.Total("torn", s.With("medium", "pipe", "size", "8192", "parts", "1", "lock", "none")...); t.Tries > 0 && t.Count == 0 {
		shown.Note += " That lines of 8192 bytes were not torn either is only what was seen here."
	}
	return shown
}

// asTextbooks says that the claim is about that way of writing lines.
func asTextbooks(v variant.Variant) bool {
	return slices.ContainsFunc(pages, func(p page) bool { return p.lines("").Without("lock").String() == v.Without("lock").String() })
}

// tornIn says in how many of the ways to write lines, those of textbooks or the others,
// any was torn.
func tornIn(format, lock string, taught bool) section.Clause {
	return func(s section.Samples) string {
		var t section.Total
		for _, v := range s.With("lock", lock) {
			if asTextbooks(v) != taught {
				continue
			}
			t.Tries++
			if s.Total("torn", v).Count > 0 {
				t.Count++
			}
		}
		if t.Tries == 0 {
			return ""
		}
		return fmt.Sprintf(format, t.Plain())
	}
}

// linePairs puts a way to write lines without a lock and the same with one into one
// row.
func linePairs(s section.Samples) []section.Row {
	var rows []section.Row
	for _, v := range s.Variants {
		at := slices.IndexFunc(rows, func(row section.Row) bool {
			return row[0].Without("lock").String() == v.Without("lock").String()
		})
		if at < 0 {
			rows = append(rows, section.Row{v})
			continue
		}
		rows[at] = append(rows[at], v)
	}
	return rows
}

func tornWith(lock string) func(section.Samples, section.Row) string {
	return func(s section.Samples, row section.Row) string {
		return s.Total("torn", slices.DeleteFunc(slices.Clone(row), func(v variant.Variant) bool { return v.Get("lock") != lock })...).String()
	}
}
