// Package link connects the processes of parcon on several machines through a NATS
// server: with a key, and with TLS where that is asked. A server to be started by parcon
// itself is package broker, which a program that only connects does not hold.
package link

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// Variable is the environment variable that may hold the key.
const Variable = "PARCON_KEY"

// patience is how long a server may take to answer a connection.
const patience = 5 * time.Second

// Access is how to reach a server.
type Access struct {
	URL string // nats://HOST:PORT, or tls://HOST:PORT, which asks for TLS
	Key string // a token, or the seed of an nkey (https://docs.nats.io: SU...)
	CA  string // file with the certificates (PEM) that may vouch for the server; asks for TLS; "": the system's
}

// ReadKey reads a key from a file, or from the environment if file is "". Keys are no
// arguments: everybody on a machine can see those.
func ReadKey(file string) (string, error) {
	if file == "" {
		key := strings.TrimSpace(os.Getenv(Variable))
		if key == "" {
			return "", fmt.Errorf("looking for the key: name its file with --key-file, or set %s", Variable)
		}
		return key, CheckKey(key)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the key: %w", err)
	}
	key := strings.TrimSpace(string(text))
	if err := CheckKey(key); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return key, nil
}

// leastKey is how long a token is at least: what is shorter can be guessed.
const leastKey = 16

// CheckKey says what is wrong with a key. It never shows it.
func CheckKey(key string) error {
	switch {
	case len(key) < leastKey:
		return fmt.Errorf("the key has %d characters: give it %d at least, such as `head -c 32 /dev/urandom | base64` makes", len(key), leastKey)
	case strings.ContainsAny(key, " \t\r\n\x00"):
		return errors.New("the key holds spaces or several lines: a key is one word")
	case IsSeed(key):
		if _, err := nkeys.FromSeed([]byte(key)); err != nil {
			return errors.New("the key begins as the seed of an nkey does, but is none: make one with `nk -gen user`")
		}
	}
	return nil
}

// IsSeed tells the seed of a user's nkey from a token.
func IsSeed(key string) bool { return strings.HasPrefix(key, "SU") && len(key) == 58 }

// Dial connects. name is what the server calls this connection. The connection is made
// again, as often as need be, whenever it is lost later; extra options add to that.
func (a Access) Dial(name string, extra ...nats.Option) (*nats.Conn, error) {
	options := []nats.Option{
		nats.Name(name), nats.Timeout(patience), nats.NoCallbacksAfterClientClose(),
		nats.MaxReconnects(-1), nats.CustomReconnectDelay(pause),
		nats.IgnoreAuthErrorAbort(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // they come back where something is asked
	}
	for _, option := range []func() (nats.Option, error){a.withKey, a.withTLS} {
		o, err := option()
		if err != nil {
			return nil, err
		}
		options = append(options, o)
	}
	c, err := nats.Connect(a.URL, append(options, extra...)...)
	if err != nil {
		return nil, a.explain(err)
	}
	return c, nil
}

// pause is how long to wait for the next of so many attempts to connect again: soon at
// first, as a server that is started again takes some tenths of a second, and then so
// seldom that many lost connections are no load. It is drawn, so that they don't come together.
func pause(attempts int) time.Duration {
	most := min(50*time.Millisecond<<min(attempts, 6), 2*time.Second)
	return most/2 + rand.N(most/2)
}

func (a Access) withKey() (nats.Option, error) {
	if !IsSeed(a.Key) {
		return nats.Token(a.Key), nil
	}
	pair, err := nkeys.FromSeed([]byte(a.Key))
	if err != nil {
		return nil, fmt.Errorf("reading the key as the seed of an nkey: %w", err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("reading the key as the seed of an nkey: %w", err)
	}
	return nats.Nkey(public, pair.Sign), nil
}

// Secure says whether TLS is asked for.
func (a Access) Secure() bool { return a.CA != "" || strings.HasPrefix(a.URL, "tls://") }

func (a Access) withTLS() (nats.Option, error) {
	if !a.Secure() {
		return func(*nats.Options) error { return nil }, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.CA != "" {
		text, err := os.ReadFile(a.CA)
		if err != nil {
			return nil, fmt.Errorf("reading the certificates that may vouch for the server: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("reading the certificates that may vouch for the server: %s holds none: it must be a PEM file", a.CA)
		}
	}
	return nats.Secure(config), nil
}

// ErrNobody says that there may be a server later.
var ErrNobody = errors.New("no server answers there: is it running, and is the port open?")

// ErrKey is the error of a connection that the server refused for its key.
var ErrKey = errors.New("the server refuses the key")

// explain says in one line why a connection was not made. A URL may hold a password.
func (a Access) explain(err error) error {
	where := a.URL
	if u, bad := url.Parse(a.URL); bad == nil {
		where = u.Redacted()
	}
	say := func(text string) error { return fmt.Errorf("connecting to %s: %s", where, text) }
	refused := func(why string) error { return fmt.Errorf("connecting to %s: %w: %s", where, ErrKey, why) }
	var authority x509.UnknownAuthorityError
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return refused("give the one that it was started with")
	case errors.Is(err, nats.ErrNkeysNotSupported):
		return refused("it is the seed of an nkey, and the server wants another kind")
	case errors.Is(err, nats.ErrSecureConnWanted):
		return say("TLS is asked for, and the server has none: give it a certificate, or do without --ca and tls://")
	case errors.Is(err, nats.ErrSecureConnRequired):
		return say("the server asks for TLS: name who may vouch for it with --ca, or write tls:// for the system's certificates")
	case errors.As(err, &authority):
		return say("nobody who is trusted vouches for the server's certificate: name who may with --ca")
	case errors.Is(err, nats.ErrNoServers):
		return fmt.Errorf("connecting to %s: %w", where, ErrNobody)
	}
	return say(strings.TrimPrefix(err.Error(), "nats: "))
}
