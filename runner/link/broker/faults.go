package broker

import (
	"fmt"
	"strings"
	"sync"
)

// faults is the server's log: of all that it writes only what goes wrong is handed on.
type faults struct {
	say func(string)

	mu    sync.Mutex
	fatal string
}

// last is why the server gave up, "" while it has not.
func (f *faults) last() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fatal
}

// plain is a line of the server's log in parcon's words, where it has some. The server
// puts the address and the number of the connection first: "127.0.0.1:53126 - cid:5 - ...".
func plain(line string) string {
	who, what, numbered := strings.Cut(line, " - cid:")
	if !numbered {
		return line
	}
	_, what, _ = strings.Cut(what, " - ")
	switch {
	case strings.Contains(what, "authentication error"), strings.Contains(what, "authorization"):
		what = "its key is wrong or missing"
	case strings.Contains(what, "TLS handshake error"):
		what = "no TLS could be agreed on: " + what
	}
	return fmt.Sprintf("refused %s: %s", strings.TrimSpace(who), what)
}

// Fatalf is called once: the server does no more.
func (f *faults) Fatalf(format string, v ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fatal = fmt.Sprintf(format, v...)
}

// Errorf is called from many goroutines.
func (f *faults) Errorf(format string, v ...any) {
	if f.say != nil {
		f.say(plain(fmt.Sprintf(format, v...)))
	}
}

// What the server warns of is its own settings, which are ours.
func (*faults) Warnf(string, ...any)   {}
func (*faults) Noticef(string, ...any) {}
func (*faults) Debugf(string, ...any)  {}
func (*faults) Tracef(string, ...any)  {}
