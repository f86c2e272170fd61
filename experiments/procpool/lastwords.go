package procpool

import (
	"bytes"
	"io"
	"sync"
)

// lastWords listens to a worker's standard error for what it says before it
// dies: the line in which Go tells of a panic or a fatal error, else the last
// line. It hands everything on to another writer.
type lastWords struct {
	mu      sync.Mutex
	on      io.Writer // may be nil
	line    []byte    // the one that is being written, cut at maxWords
	said    string
	verdict bool // said is Go's line: nothing after it tells more
}

const maxWords = 200 // bytes

// verdicts begin the line in which the Go runtime says why it ends a process.
var verdicts = [][]byte{[]byte("panic: "), []byte("fatal error: "), []byte("SIG")}

func (l *lastWords) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		rest = after
		l.line = append(l.line, line[:min(len(line), maxWords-len(l.line))]...)
		if ended {
			l.take()
		}
	}
	if l.on != nil {
		_, _ = l.on.Write(p)
	}
	return len(p), nil
}

// take judges a whole line.
func (l *lastWords) take() {
	line := bytes.TrimSpace(l.line)
	l.line = l.line[:0]
	if l.verdict || len(line) == 0 {
		return
	}
	l.said = string(line)
	for _, v := range verdicts {
		l.verdict = l.verdict || bytes.HasPrefix(line, v)
	}
}

func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.take()
	return l.said
}
