package procpool

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// A Handler answers one request: it appends its reply to the slice it is given
// and returns it. It must not keep request, which is used again.
//
// When it panics, the process ends as Go programs do, with status 2 and the
// message on standard error; the pool fails this request and no other. When it ends
// its goroutine (runtime.Goexit), this request fails, and others are answered on
// another goroutine. The one that called Serve cannot go on then: the process ends
// when the pool lets it, or rather would have returned from Serve.
type Handler func(request, reply []byte) ([]byte, error)

// Serve is the worker's side of a pool: it answers the requests that arrive on
// in, one after another, until in ends. A program calls it once, with its
// standard input and output. On Unix the pool's messages then move to descriptors
// of their own: what a handler, or C code in it, prints to standard output goes to
// standard error, and standard input is empty. Elsewhere both belong to the pool.
//
// Replies are held back while more requests wait in the buffer, for some ten
// milliseconds at most. When tasks are long, those held go out before the last
// request at hand is run, so that the parent can send more while it runs.
func Serve(in io.Reader, out io.Writer, handle Handler) error {
	own := out == io.Writer(os.Stdout)
	in, out, err := private(in, out)
	if err != nil {
		return fmt.Errorf("moving the streams of a worker: %w", err)
	}
	return serve(in, out, handle, new(ledger), own)
}

// serve serves on streams; own says that the process is there for nothing else.
func serve(in io.Reader, out io.Writer, handle Handler, book *ledger, own bool) error {
	s := &server{r: bufio.NewReaderSize(in, bufferSize), handle: handle, book: book, box: newOutbox(out, book), ended: make(chan error, 1)}
	defer s.box.timer.Stop()
	defer s.box.flush() // a panic goes on from here: what is finished goes out first
	defer func() {
		if !exiting() {
			return
		}
		s.goOn()
		if err := <-s.ended; own {
			s.exit(err)
		}
	}()
	return s.loop()
}

// server is a worker at work.
type server struct {
	r      *bufio.Reader
	handle Handler
	book   *ledger
	box    *outbox
	frames int
	kept   []byte
	reply  []byte
	ended  chan error

	// Of the frame at hand, whose requests are answered one by one:
	open   bool // it has some left
	rest   []byte
	kind   uint32
	called *atomic.Uint32 // off; looked at before its first request
	skip   bool
}

// goOn fails the request whose handler ended its goroutine and answers further ones
// on another.
func (s *server) goOn() {
	s.reply = append(append(s.reply[:0], statusError), errGoexit.Error()...)
	err := s.hand()
	go func() {
		defer func() {
			if exiting() {
				s.goOn()
			}
		}()
		defer s.box.flush() // as in serve
		if err == nil {
			err = s.loop()
		}
		s.ended <- err
	}()
}

// exit ends a process at the end of its pool.
func (s *server) exit(err error) {
	_ = s.box.flush()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (s *server) loop() error {
	for {
		for s.open {
			if err := s.next(); err != nil {
				return err
			}
		}
		payload, kind, kept, err := readFrame(s.r, s.kept)
		s.kept = kept
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case kind == kindLedger:
			if err := s.adopt(); err != nil {
				return err
			}
		default:
			s.open, s.rest, s.kind = true, payload, kind
			s.called, s.skip = &s.book.skip[s.frames%maxFrames], false
			s.frames++
		}
	}
}

// adopt changes to the ledger that the pool can read.
func (s *server) adopt() error {
	book, err := openShared[ledger]()
	if err != nil {
		return err
	}
	s.book = book
	return s.box.keepIn(book)
}

// next answers the next request of the frame at hand.
func (s *server) next() error {
	request := s.rest
	if s.rest = nil; s.kind == kindChunk {
		var err error
		if request, s.rest, err = cutChunk(request); err != nil {
			return err
		}
	}
	s.open = len(s.rest) > 0
	if s.last() {
		if err := s.box.flushBefore(); err != nil {
			return err
		}
	}
	s.book.begin()
	if s.called != nil {
		s.skip = s.called.Load() != 0
		s.called = nil
	}
	if s.skip {
		s.reply = append(s.reply[:0], statusSkipped)
	} else {
		s.reply = answer(s.handle, request, s.reply[:0])
	}
	return s.hand()
}

// last says whether no other request is at hand.
func (s *server) last() bool { return !s.open && s.r.Buffered() == 0 }

// hand hands the reply to the request that was begun over.
func (s *server) hand() error {
	if err := s.box.add(s.reply); err != nil {
		return err
	}
	s.book.end()
	if s.last() {
		return s.box.flush()
	}
	return nil
}

func answer(handle Handler, request, reply []byte) []byte {
	answered, err := handle(request, append(reply, statusOK))
	if err == nil && len(answered) > maxFrame {
		err = fmt.Errorf("an answer of %d bytes: the limit is %d", len(answered), maxFrame)
	}
	if err != nil {
		text := err.Error()
		return append(append(reply[:0], statusError), text[:min(len(text), maxFrame-1)]...)
	}
	return answered
}
