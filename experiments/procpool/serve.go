package procpool

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// A Handler answers one request: it appends its reply to the slice it is given
// and returns it. It must not keep request, which is used again.
//
// When it panics, the process ends as Go programs do, with status 2 and the
// message on standard error; the pool fails this request and no other.
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
	in, out, err := private(in, out)
	if err != nil {
		return fmt.Errorf("moving the streams of a worker: %w", err)
	}
	return serve(in, out, handle, new(ledger))
}

func serve(in io.Reader, out io.Writer, handle Handler, book *ledger) error {
	s := &server{r: bufio.NewReaderSize(in, bufferSize), handle: handle, book: book, box: newOutbox(out, book)}
	defer s.box.timer.Stop()
	defer s.box.flush() // a panic goes on from here: what is finished goes out first
	var kept []byte
	for {
		payload, kind, k, err := readFrame(s.r, kept)
		kept = k
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case kind == kindLedger:
			err = s.adopt()
		default:
			err = s.run(payload, kind)
		}
		if err != nil {
			return err
		}
	}
}

// server is a worker at work.
type server struct {
	r      *bufio.Reader
	handle Handler
	book   *ledger
	box    *outbox
	frames int
	reply  []byte
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

// run answers the requests of one frame.
func (s *server) run(payload []byte, kind uint32) error {
	called := &s.book.skip[s.frames%maxFrames]
	s.frames++
	skip := false
	for first := true; first || len(payload) > 0; first = false {
		request := payload
		if payload = nil; kind == kindChunk {
			var err error
			if request, payload, err = cutChunk(request); err != nil {
				return err
			}
		}
		last := len(payload) == 0 && s.r.Buffered() == 0
		if last {
			if err := s.box.flushBefore(); err != nil {
				return err
			}
		}
		s.book.begin()
		if skip = skip || first && called.Load() != 0; skip {
			s.reply = append(s.reply[:0], statusSkipped)
		} else {
			s.reply = answer(s.handle, request, s.reply[:0])
		}
		if err := s.box.add(s.reply); err != nil {
			return err
		}
		s.book.end()
		if last {
			if err := s.box.flush(); err != nil {
				return err
			}
		}
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
