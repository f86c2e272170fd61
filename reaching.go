package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/spf13/pflag"

	"parcon/runner/link"
	"parcon/runner/link/broker"
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

// serving is a server that a command brings along.
type serving struct{ listen, cert, certKey string }

// flags are those of its certificate; what --listen means each command says itself.
func (s *serving) flags(f *pflag.FlagSet) {
	f.StringVar(&s.cert, "cert", "", "with --listen: file with the certificate (PEM) of that server: it wants TLS then")
	f.StringVar(&s.certKey, "cert-key", "", "with --listen: file with the key (PEM) of that certificate")
}

// bring starts it, connects, and says how others do. end ends both.
func (s serving) bring(keyFile, name, others string, o broker.Options, say func(string)) (conn *nats.Conn, end func(), err error) {
	if o.Key, err = link.ReadKey(keyFile); err != nil {
		return nil, nil, err
	}
	o.Listen, o.Cert, o.CertKey, o.Say = s.listen, s.cert, s.certKey, func(line string) { say("server: " + line) }
	b, endServer, err := broker.Scratch(o)
	if err != nil {
		return nil, nil, err
	}
	if conn, err = b.Dial(o.Key, name); err != nil {
		endServer()
		return nil, nil, err
	}
	say(fmt.Sprintf("the server is at %s: %s --nats %s", s.listen, others, b.Outside()))
	return conn, func() { conn.Close(); endServer() }, nil
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
