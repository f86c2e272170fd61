package messages

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/runner/protocol"
)

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
