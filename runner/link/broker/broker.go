// Package broker is the NATS server that parcon starts and ends itself, so that nobody
// has to install one. A server or a cluster that is there already does the same: see
// package link.
package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"parcon/runner/link"
)

// patience is how long it may take to begin; with a store of millions of messages it
// reads those.
const patience = time.Minute

// handshake is how long a client may take to agree on TLS.
const handshake = 5 * time.Second

// Options are what a server is started with.
type Options struct {
	Listen  string // HOST:PORT; port 0: a free one
	Key     string // a token or the seed of an nkey, which all who connect must have
	Cert    string // file with the server's certificate and those above it (PEM); "": no TLS
	CertKey string // file with the certificate's key
	Dir     string // where streams on disk are kept
	// Sync makes the server confirm a message of a stream on disk only when it is on the
	// disk. Without, what was confirmed in the last minutes may be gone after a loss of
	// power (sync_interval is 2 minutes), though not after the death of the server alone.
	Sync bool
	// Memory and Disk bound what streams may hold, in bytes; 0: NATS's own bound, a share
	// of what the machine has.
	Memory, Disk int64
	// Say is told in one line whatever goes wrong, such as who was refused. It may be nil.
	Say func(line string)
}

// A Broker is a server that runs in this process.
type Broker struct {
	server *server.Server
	tls    bool
}

// Start starts a server, and returns when it can be connected to.
func Start(o Options) (*Broker, error) {
	settings, err := o.settings()
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(settings)
	if err != nil {
		return nil, fmt.Errorf("starting the message server: %w", err)
	}
	log := &faults{say: o.Say, said: map[string]time.Time{}}
	s.SetLogger(log, false, false)
	s.Start()
	if err := ready(s, log); err != nil {
		s.Shutdown()
		return nil, fmt.Errorf("starting the message server at %s: %w", o.Listen, err)
	}
	return &Broker{s, settings.TLSConfig != nil}, nil
}

// ready waits until a server can be connected to, or has given up.
func ready(s *server.Server, log *faults) error {
	const look = 100 * time.Millisecond
	for range int(patience / look) {
		if s.ReadyForConnections(look) {
			return nil
		}
		if why := log.last(); why != "" {
			return errors.New(why)
		}
	}
	return fmt.Errorf("it is not ready after %v", patience)
}

func (o Options) settings() (*server.Options, error) {
	host, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("where to listen, %q: write HOST:PORT, such as 0.0.0.0:4222", o.Listen)
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 0 || number > 65535 {
		return nil, fmt.Errorf("where to listen, %q: %q is no port: give a number up to 65535, or 0 for a free one", o.Listen, port)
	}
	if number == 0 {
		number = server.RANDOM_PORT
	}
	if err := link.CheckKey(o.Key); err != nil {
		return nil, err
	}
	s := &server.Options{
		ServerName: "parcon", Host: host, Port: number, NoSigs: true, DisableJetStreamBanner: true,
		JetStream: true, StoreDir: o.Dir, SyncAlways: o.Sync,
		JetStreamMaxMemory: orDefault(o.Memory), JetStreamMaxStore: orDefault(o.Disk),
	}
	if err := o.admit(s); err != nil {
		return nil, err
	}
	return s, o.encrypt(s)
}

// orDefault is a bound as the server wants it: -1 is its own.
func orDefault(bound int64) int64 {
	if bound == 0 {
		return -1
	}
	return bound
}

// admit lets in who has the key.
func (o Options) admit(s *server.Options) error {
	if !link.IsSeed(o.Key) {
		s.Authorization = o.Key
		return nil
	}
	pair, err := nkeys.FromSeed([]byte(o.Key))
	if err != nil {
		return fmt.Errorf("reading the key as the seed of an nkey: %w", err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		return fmt.Errorf("reading the key as the seed of an nkey: %w", err)
	}
	s.Nkeys = []*server.NkeyUser{{Nkey: public}}
	return nil
}

func (o Options) encrypt(s *server.Options) error {
	if o.Cert == "" && o.CertKey == "" {
		return nil
	}
	if o.Cert == "" || o.CertKey == "" {
		return errors.New("TLS needs both: the certificate and its key")
	}
	config, err := server.GenTLSConfig(&server.TLSConfigOpts{CertFile: o.Cert, KeyFile: o.CertKey})
	if err != nil {
		return fmt.Errorf("reading the server's certificate %s and its key %s: %w", o.Cert, o.CertKey, err)
	}
	s.TLSConfig, s.TLSTimeout = config, handshake.Seconds()
	return nil
}

// URL is how this machine reaches the server.
func (b *Broker) URL() string { return b.at("127.0.0.1") }

// Outside is how other machines reach it, if they know this one by its own name.
func (b *Broker) Outside() string {
	name, err := os.Hostname()
	if err != nil {
		return b.URL()
	}
	return b.at(name)
}

// at is its URL, with a host in place of an address that stands for all.
func (b *Broker) at(all string) string {
	scheme := "nats"
	if b.tls {
		scheme = "tls"
	}
	addr, _ := b.server.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = all
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

// Dial connects this process to it, not by way of the network.
func (b *Broker) Dial(key, name string) (*nats.Conn, error) {
	options := []nats.Option{nats.InProcessServer(b.server)}
	if b.tls { // nobody is between: the certificate need not be one for this way
		options = append(options, nats.Secure(&tls.Config{InsecureSkipVerify: true}))
	}
	return link.Access{URL: b.URL(), Key: key}.Dial(name, options...)
}

// Close ends it. What streams on disk hold is there for the next one in the same folder.
func (b *Broker) Close() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// Scratch is Start in a folder of its own, which end removes again.
func Scratch(o Options) (b *Broker, end func(), err error) {
	dir, err := os.MkdirTemp(o.Dir, "parcon-queue-*")
	if err != nil {
		return nil, nil, fmt.Errorf("making a folder for the message server: %w", err)
	}
	o.Dir = dir
	if b, err = Start(o); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return b, func() { b.Close(); _ = os.RemoveAll(dir) }, nil
}
