package peer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// A Talk is our side of the standard input and output of a process, line by line.
type Talk struct {
	In       *os.File // what the process reads: nobody else holds this end
	out      *os.File
	lines    *bufio.Reader
	patience time.Duration
}

// MaxLine bounds the lines that are heard, in bytes.
const MaxLine = 64 << 10

// NewTalk makes the pipes: theirs are the standard input and output of the process,
// to be closed here once it has them. A line is waited for as long as patience says,
// for ever if that is 0.
func NewTalk(patience time.Duration) (t Talk, theirs []*os.File, err error) {
	inRead, inWrite, err := os.Pipe()
	if err != nil {
		return Talk{}, nil, fmt.Errorf("making a pipe to a part: %w", err)
	}
	outRead, outWrite, err := os.Pipe()
	if err != nil {
		CloseAll(inRead, inWrite)
		return Talk{}, nil, fmt.Errorf("making a pipe from a part: %w", err)
	}
	return Talk{inWrite, outRead, bufio.NewReaderSize(outRead, MaxLine), patience}, []*os.File{inRead, outWrite}, nil
}

// CloseAll closes files of which nothing is wanted any more.
func CloseAll(files ...*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// Close lets go of our ends of the pipes.
func (t Talk) Close() { CloseAll(t.In, t.out) }

// Tell says a line to the process. One that is gone says why when it is heard.
func (t Talk) Tell(line string) error {
	if _, err := io.WriteString(t.In, line+"\n"); err != nil {
		return fmt.Errorf("telling a part %.80q: %w", line, err)
	}
	return nil
}

// Hear returns the next line of the process. The error is os.ErrDeadlineExceeded if
// there was none in time, bufio.ErrBufferFull, or io.EOF.
func (t Talk) Hear() (string, error) {
	var late time.Time
	if t.patience > 0 {
		late = time.Now().Add(t.patience)
	}
	_ = t.out.SetReadDeadline(late) // Windows has none
	line, err := t.lines.ReadSlice('\n')
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "", fmt.Errorf("waiting up to %v for a part's answer: %w", t.patience, os.ErrDeadlineExceeded)
	}
	if err != nil {
		return "", fmt.Errorf("waiting for a part's answer: %w", err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// Say says a line to the parent. If that is gone, so is this process soon.
func Say(line string) { _, _ = os.Stdout.WriteString(line + "\n") }

// Attend is what a process of a crew does: it says that it is ready, and serves.
func Attend(step func(line string) (answer string, err error)) error {
	Say(protocol.Ready)
	return Serve(step)
}

// Serve is what a part does that is told what to do: a step for each line, until its
// standard input ends, and it says the answer of each step. A step whose answer is ""
// says what it has to say by itself.
func Serve(step func(line string) (answer string, err error)) error {
	told := bufio.NewScanner(proc.Stdin())
	for told.Scan() {
		answer, err := step(told.Text())
		if err != nil {
			return err
		}
		if answer != "" {
			Say(answer)
		}
	}
	if err := told.Err(); err != nil {
		return fmt.Errorf("reading what the trial says: %w", err)
	}
	return nil
}
