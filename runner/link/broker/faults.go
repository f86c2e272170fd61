package broker

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"
	"time"
)

// faults is the server's log: of all that it writes only what goes wrong is handed on.
type faults struct {
	say func(string)

	mu    sync.Mutex
	fatal string
	said  map[string]time.Time // when each was said last, without the port of whom it is of
}

// quiet is how long the same is not said again: who is refused may try again at once, and
// without end.
const quiet = time.Minute

// again says whether the same was said lately, and notes that it is now if not.
func (f *faults) again(what string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.said[what]) < quiet {
		return true
	}
	maps.DeleteFunc(f.said, func(_ string, last time.Time) bool { return time.Since(last) >= quiet })
	f.said[what] = time.Now()
	return false
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
	line := plain(fmt.Sprintf(format, v...))
	if f.say != nil && !f.again(ports.ReplaceAllString(line, "")) {
		f.say(line)
	}
}

// ports are those of addresses, with which each connection has another one.
var ports = regexp.MustCompile(`:\d+\b`)

// What the server warns of is its own settings, which are ours.
func (*faults) Warnf(string, ...any)   {}
func (*faults) Noticef(string, ...any) {}
func (*faults) Debugf(string, ...any)  {}
func (*faults) Tracef(string, ...any)  {}
