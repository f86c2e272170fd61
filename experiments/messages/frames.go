package messages

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// frames lets four processes send messages through one pipe, and counts those that did not
// arrive whole. A message is a frame: its length, and what it holds. multiprocessing's
// connections write both together up to 16 KiB, and one after the other beyond that
// (Connection._send_bytes, Lib/multiprocessing/connection.py).
//
// POSIX promises that a write to a pipe is not mixed with others up to PIPE_BUF bytes, 4096
// on Linux (pipe(7)). A queue is a pipe whose writers take a lock.
//
// The judge looks for the next frame wherever one is not whole. A program that believes
// the lengths that it reads would lose all that follows the first one.
var frames = card.Card{
	Name: "frames", Doc: "are the messages of four writers to one pipe garbled?",
	Keys: []card.Choice{
		{Key: "way", Values: []string{pipeTransport, queueTransport}, Words: map[string]string{pipeTransport: "a pipe without a lock", queueTransport: "a queue (a pipe with a lock)"}},
		// of a frame in bytes, with its length
		{Key: "size", Values: []string{"64", "4096", "8192", "20000", "65536"}, Words: map[string]string{
			"64": "64 bytes", "4096": "4,096 bytes", "8192": "8,192 bytes", "20000": "20,000 bytes", "65536": "65,536 bytes",
		}},
		{Key: "writes", Values: []string{"1", "2"}, Words: map[string]string{"1": "in one write", "2": "in two writes"}},
	},
	Needs:    []card.Need{card.Linux},
	Cases:    frameCases,
	Claims:   frameClaims,
	Prepare:  prepareFrames,
	Parts:    map[string]func([]string) error{"write": writeFrames},
	Label:    "messages of four writers",
	Counts:   []string{unitGarbled},
	Sections: frameSections,
}

const unitGarbled = "garbled"

var (
	garbled    = card.Measure{Name: "garbled", Unit: unitGarbled, How: card.Every}
	anyGarbled = card.Measure{Name: "garbled", Unit: unitGarbled, How: card.Some}
)

// A framing is how long frames are, and in how many writes.
type framing struct{ size, writes int }

func (f framing) by(way string) variant.Variant {
	return card.Of("frames", "way", way, "size", card.Itoa(f.size), "writes", card.Itoa(f.writes))
}

// The claim is about messages that are longer than what a pipe takes in one piece, and
// those of two writes. Others stand beside.
var (
	claimed   = []framing{{64, 2}, {8192, 1}, {20000, 2}}
	onePieces = []framing{{64, 1}}
	further   = []framing{{4096, 1}, {4096, 2}, {65536, 1}, {65536, 2}}
)

// tries is how many frames a trial writes.
func (f framing) tries() int { return max(600, min(6_000, 12<<20/f.size)) }

func frameCases(s card.Scale) []card.Case {
	var cases []card.Case
	add := func(f framing, ways ...string) {
		for _, way := range ways {
			cases = append(cases, card.Run(f.tries(), f.by(way)))
		}
	}
	for _, f := range claimed {
		add(f, pipeTransport, queueTransport)
	}
	for _, f := range onePieces {
		add(f, pipeTransport)
	}
	if s.Depth >= card.Standard {
		for _, f := range further {
			add(f, pipeTransport, queueTransport)
		}
	}
	return cases
}

func frameClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "M2", Text: "Several writers on one pipe without a lock garble messages; a queue does not",
		Caveat: "Messages whose length is written apart, or that are longer than what a pipe takes in one piece (4096 bytes). Shorter ones in one write are whole on Linux without a lock too: they stand beside.",
	}
	for _, f := range claimed {
		claim.Comparisons = append(claim.Comparisons, card.Sometimes(anyGarbled, f.by(pipeTransport)), card.Never(garbled, f.by(queueTransport)))
	}
	return []card.Claim{claim}
}

func frameSections() []section.Section {
	return []section.Section{{
		Topic: "Several writers on one pipe", Claims: []string{"M2"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted(unitGarbled, "of messages of 20,000 bytes %s were garbled without a lock", "way", pipeTransport, "size", "20000"),
				section.Counted(unitGarbled, "of all that went through a queue %s", "way", queueTransport),
			},
			Rows: framings,
			Columns: []section.Column{
				section.Under("a message", section.Value("size")),
				section.Under("written", section.Value("writes")),
				section.Under("garbled without a lock", garbledBy(pipeTransport)),
				section.Under("garbled in a queue", garbledBy(queueTransport)),
			},
			Note: "Four processes write messages at once, each with its length before it. Garbled: it did not arrive whole. Linux takes up to 4096 bytes (PIPE_BUF) that one write gives to a pipe in one piece. A queue is a pipe whose writers take a lock.",
		},
	}}
}

// framings puts a pipe and a queue with the same frames into one row.
func framings(s section.Samples) []section.Row {
	var rows []section.Row
	for _, size := range s.Values("size") {
		for _, writes := range s.Values("writes") {
			if row := s.With("size", size, "writes", writes); len(row) > 0 {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func garbledBy(way string) func(section.Samples, section.Row) string {
	return func(s section.Samples, row section.Row) string {
		return s.Total(unitGarbled, slices.DeleteFunc(slices.Clone(row), func(v variant.Variant) bool { return v.Get("way") != way })...).String()
	}
}

const frameWriters = 4

// frameEpisodes is how many a trial has, each with a pipe and a lock of its own and writers
// who are let go together. Where it is enough to see something once there is a long one.
func frameEpisodes(t card.Trial) int {
	if t.Get("way") == pipeTransport {
		return 1
	}
	return min(card.Tries, t.Ops)
}

// portion is the part of n that falls to one of so many.
func portion(n, of, index int) int { return n*(index+1)/of - n*index/of }

// A strand is an episode's pipe: where its frames come out, and what its writers are given,
// which are the pipe's other end, and a lock if it is a queue.
type strand struct {
	read   *os.File
	theirs []*os.File
}

func newStrand(queue bool) (strand, error) {
	read, write, err := blockingPipe()
	if err != nil {
		return strand{}, err
	}
	s := strand{read, []*os.File{write}}
	if queue {
		lock, err := ipc.NewLock()
		if err != nil {
			s.close()
			return strand{}, err
		}
		s.theirs = append(s.theirs, lock.File())
	}
	return s, nil
}

func (s strand) close() {
	peer.CloseAll(s.theirs...)
	peer.CloseAll(s.read)
}

func prepareFrames(t card.Trial) (card.Session, error) {
	f := framing{t.Int("size", 0), t.Int("writes", 0)}
	queue := t.Get("way") == queueTransport
	var strands []strand
	closeAll := func() {
		for _, s := range strands {
			s.close()
		}
	}
	var theirs []*os.File
	for range frameEpisodes(t) {
		s, err := newStrand(queue)
		if err != nil {
			closeAll()
			return card.Session{}, err
		}
		strands = append(strands, s)
		theirs = append(theirs, s.theirs...)
	}
	crew, err := peer.Assemble(frameWriters, patience, func(index int) *exec.Cmd {
		cmd := peer.Part(t, 1, "write", strconv.Itoa(index), t.Get("size"), t.Get("writes"), t.Get("way"), strconv.Itoa(t.Ops), strconv.Itoa(len(strands)))
		// A signal by which Go's scheduler preempts could cut a long write in two.
		cmd.Env = append(cmd.Env, "GODEBUG=asyncpreemptoff=1")
		cmd.ExtraFiles = theirs
		return cmd
	})
	peer.CloseAll(theirs...) // or a pipe would have no end
	if err != nil {
		closeAll()
		return card.Session{}, err
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) { return runFrames(t.Ops, f, crew, strands) },
		Close: func() error {
			crew.Kill()
			closeAll()
			return nil
		},
	}, nil
}

// An onlyReader can do nothing else, so that its reader reads a page at a time. Many pages
// at once would leave a pipe room for an even number of them: then frames of two pages would
// be whole, only because of their reader.
type onlyReader struct{ io.Reader }

// runFrames makes one episode after another.
func runFrames(n int, f framing, crew peer.Crew, strands []strand) (protocol.Measurement, error) {
	bad := 0
	for e, s := range strands {
		crew.Tell(strconv.Itoa(e))
		written := make(chan error, 1)
		go func() { written <- crew.Expect("written") }()
		j := newFrameJudge(f.size, portion(n, len(strands), e))
		_, failed := io.CopyBuffer(j, onlyReader{s.read}, make([]byte, 4096))
		// Its end is that of its writers: who fails is killed, and so are the others.
		if err := <-written; err != nil {
			return nil, err
		}
		if failed != nil {
			return nil, fmt.Errorf("reading frames: %w", failed)
		}
		lost, err := j.garbled()
		if err != nil {
			return nil, err
		}
		bad += lost
	}
	return protocol.Measurement{card.UnitTries: float64(n), card.UnitEpisodes: float64(len(strands)), unitGarbled: float64(bad)}, nil
}

// A frame is the length of its body, which is the writer's letter, the frame's number
// among the writer's, and the letter again up to the size.
const (
	lengthOfFrame = 4
	digitsOfFrame = 10
)

func newFrame(writer, number, size int) []byte {
	frame := bytes.Repeat([]byte{byte('a' + writer)}, size)
	binary.BigEndian.PutUint32(frame, uint32(size-lengthOfFrame))
	numberFrame(frame, number)
	return frame
}

func numberFrame(frame []byte, number int) {
	copy(frame[lengthOfFrame+1:], fmt.Sprintf("%0*d", digitsOfFrame, number))
}

// writeFrames is one of the writers. Its arguments are its index, size, writes, way, how
// many frames all write, and in how many episodes.
func writeFrames(args []string) error {
	if len(args) != 6 {
		return fmt.Errorf("writing frames with %d arguments: it needs 6", len(args))
	}
	var numbers []int
	for _, arg := range append(args[:3:3], args[4:]...) {
		n, err := strconv.Atoi(arg)
		if err != nil {
			return fmt.Errorf("writing frames: %w", err)
		}
		numbers = append(numbers, n)
	}
	index, f, all, episodes := numbers[0], framing{numbers[1], numbers[2]}, numbers[3], numbers[4]
	return peer.Attend(func(line string) (string, error) {
		episode, err := strconv.Atoi(line)
		if err != nil || episode < 0 || episode >= episodes {
			return "", fmt.Errorf("writing frames of episode %.20q of %d: there is none", line, episodes)
		}
		n := portion(portion(all, episodes, episode), frameWriters, index)
		return "written", f.write(args[3] == queueTransport, episode, index, n)
	})
}

// A frameJudge reads what the writers wrote, and looks at every byte.
type frameJudge struct {
	size, frames, bytes int
	whole               int
	head                []byte               // with which every frame begins
	body                [frameWriters][]byte // what a frame of a writer looks like
	seen                [frameWriters][]bool // whole frames, by their number
	rest                []byte               // what is not judged yet
}

func newFrameJudge(size, frames int) *frameJudge {
	j := &frameJudge{size: size, frames: frames, head: newFrame(0, 0, size)[:lengthOfFrame]}
	for w := range frameWriters {
		j.body[w] = newFrame(w, 0, size)
		j.seen[w] = make([]bool, portion(frames, frameWriters, w))
	}
	return j
}

// Write takes the next bytes. It never fails.
func (j *frameJudge) Write(p []byte) (int, error) {
	j.bytes += len(p)
	text := append(j.rest, p...)
	for len(text) >= j.size {
		next := j.size
		if j.isWhole(text[:j.size]) {
			j.whole++
		} else if next = 1 + bytes.Index(text[1:], j.head); next == 0 {
			next = len(text) - lengthOfFrame + 1 // a head may begin there
		}
		text = text[next:]
	}
	j.rest = append(j.rest[:0], text...)
	return len(p), nil
}

// isWhole says whether it is one writer's whole frame and the first of its number.
func (j *frameJudge) isWhole(frame []byte) bool {
	const number = lengthOfFrame + 1
	w := int(frame[lengthOfFrame]) - 'a'
	if w < 0 || w >= frameWriters || !bytes.Equal(frame[:number], j.body[w][:number]) ||
		!bytes.Equal(frame[number+digitsOfFrame:], j.body[w][number+digitsOfFrame:]) {
		return false
	}
	n, err := strconv.Atoi(string(frame[number : number+digitsOfFrame]))
	if err != nil || n < 0 || n >= len(j.seen[w]) || j.seen[w][n] {
		return false
	}
	j.seen[w][n] = true
	return true
}

// garbled is how many of the frames that were written did not arrive whole.
func (j *frameJudge) garbled() (int, error) {
	if want := j.frames * j.size; j.bytes != want {
		return 0, fmt.Errorf("%d bytes arrived, %d were written", j.bytes, want)
	}
	return j.frames - j.whole, nil
}
