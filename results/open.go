package results

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// TrialsFile is the name of the result file in the folder of a run.
const TrialsFile = "trials.txt"

// The bounds of what is read. A run of a million trials has 600 MB.
const (
	mostText    = 2 << 30 // bytes, decoded
	longestLine = 1 << 20 // bytes
	mostResults = 5_000_000
	mostBad     = 100_000
	mostBarren  = 128 << 20 // bytes in a row without a result
)

// noWriter is how long nothing may come from a pipe that nobody has open to write
// to.
const noWriter = 3 * time.Second

// An input is an open file that is read until a context ends.
type input struct {
	*os.File
	ctx  context.Context
	stop func() bool
	pipe bool
	any  bool // something was read
}

// open opens a file, or the trials in the folder of a run. What has no end, and
// what is too large, is refused.
func open(ctx context.Context, path string) (*input, string, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		path = filepath.Join(path, TrialsFile)
		info, err = os.Stat(path)
	}
	if err != nil {
		// As an attempt to open it would say.
		var e *fs.PathError
		if errors.As(err, &e) {
			err = &fs.PathError{Op: "open", Path: e.Path, Err: e.Err}
		}
		return nil, path, err
	}
	if err := refuse(path, info); err != nil {
		return nil, path, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|doNotWait, 0)
	if err != nil {
		return nil, path, err
	}
	// It may have been replaced in between.
	if info, err = f.Stat(); err == nil {
		err = refuse(path, info)
	}
	if err != nil {
		_ = f.Close()
		return nil, path, err
	}
	in := &input{File: f, ctx: ctx, pipe: info.Mode()&fs.ModeNamedPipe != 0}
	// It wakes a read that waits, where the system can do so.
	in.stop = context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Now()) })
	return in, path, nil
}

// refuse says why something is no file that can be read to its end.
func refuse(path string, info fs.FileInfo) error {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return fmt.Errorf("%s is a folder, not a file", path)
	case mode&fs.ModeNamedPipe != 0:
	case mode&fs.ModeDevice != 0:
		return fmt.Errorf("%s is a device, not a regular file", path)
	case !mode.IsRegular():
		return fmt.Errorf("%s is a socket or the like, not a regular file", path)
	case info.Size() > mostText:
		return fmt.Errorf("%s has %d GB, more than the %d that are read: it is damaged, or several runs", path, info.Size()>>30, mostText>>30)
	}
	return nil
}

func (in *input) Read(p []byte) (int, error) {
	for since := time.Now(); ; {
		if err := in.ctx.Err(); err != nil {
			return 0, errStopped
		}
		n, err := in.File.Read(p)
		in.any = in.any || n > 0
		switch {
		case n > 0 || err == nil:
			return n, nil
		case in.ctx.Err() != nil:
			return 0, errStopped
		case !errors.Is(err, io.EOF) || !in.pipe || in.any:
			return 0, err
		case time.Since(since) > noWriter:
			return 0, errNoWriter
		}
		// Nobody has opened the pipe's other end yet.
		time.Sleep(20 * time.Millisecond)
	}
}

var (
	errStopped  = errors.New("reading it was stopped")
	errNoWriter = errors.New("it is a pipe to which nobody writes: nothing came")
)

func (in *input) Close() error {
	in.stop()
	return in.File.Close()
}
