package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/spf13/pflag"

	"parcon/runner/link"
)

// reaching is how to get to the server where machines meet.
type reaching struct{ url, keyFile, ca string }

func (r *reaching) flags(f *pflag.FlagSet) {
	f.StringVar(&r.url, "nats", "", "the NATS server where the machines meet, such as nats://HOST:4222, or tls://")
	f.StringVar(&r.keyFile, "key-file", "", "file with the key that the server wants: a token, or the seed of an nkey (default: $"+link.Variable+")")
	f.StringVar(&r.ca, "ca", "", "file with the certificates (PEM) that may vouch for the server")
}

// dial connects to the server, and tells when it is lost and found again.
func (r reaching) dial(name string, say func(string), extra ...nats.Option) (*nats.Conn, error) {
	if r.url == "" {
		return nil, wrongUsage("name the server where the machines meet: --nats nats://HOST:4222")
	}
	key, err := link.ReadKey(r.keyFile)
	if err != nil {
		return nil, err
	}
	return link.Access{URL: r.url, Key: key, CA: r.ca}.Dial(name, append([]nats.Option{
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				say(fmt.Sprintf("the connection is lost, and tried again: %v", err))
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { say("connected again") }),
	}, extra...)...)
}

// lines writes whole lines, from several goroutines.
type lines struct {
	mu  sync.Mutex
	out io.Writer
}

func newLines(out io.Writer) *lines { return &lines{out: out} }

func (l *lines) say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.out, "parcon:", visible(text))
}
