package procpool

import (
	"bufio"
	"errors"
	"io"
	"time"
)

// A Handler answers one request: it appends its reply to the slice it is given
// and returns it. It must not keep request, which is used again.
type Handler func(request, reply []byte) ([]byte, error)

// Serve is the worker's side of a pool: it answers the requests that arrive on
// in, one after another, until in ends.
//
// Replies are held back while more requests wait in the buffer, because waking
// the parent costs far more than a short task. When tasks are long, those held
// go out before the last request at hand is run, so that the parent can send
// more while it runs; and none is held for longer than maxHold.
func Serve(in io.Reader, out io.Writer, handle Handler) error {
	r := bufio.NewReaderSize(in, bufferSize)
	w := bufio.NewWriterSize(out, bufferSize)
	var request, reply []byte
	flushed := time.Now()
	flush := func() error {
		if w.Buffered() == 0 {
			return nil
		}
		flushed = time.Now()
		return w.Flush()
	}
	for {
		var err error
		if request, err = readFrame(r, request); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if r.Buffered() == 0 && time.Since(flushed) > worthAWake {
			if err := flush(); err != nil {
				return err
			}
		}
		reply = answer(handle, request, reply[:0])
		if err := writeFrame(w, reply); err != nil {
			return err
		}
		if r.Buffered() == 0 || time.Since(flushed) > maxHold {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

const (
	bufferSize = 64 << 10
	worthAWake = 100 * time.Microsecond // work in hand beside which waking the parent is cheap
	maxHold    = 10 * time.Millisecond
)

func answer(handle Handler, request, reply []byte) []byte {
	answered, err := handle(request, append(reply, statusOK))
	if err != nil {
		return append(append(reply[:0], statusError), err.Error()...)
	}
	return answered
}
