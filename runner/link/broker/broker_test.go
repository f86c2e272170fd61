package broker_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nkeys"
	"go.uber.org/goleak"

	"parcon/runner/link"
	"parcon/runner/link/broker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "a-key-of-some-length"

// start starts a server for a test, which says its faults to the list that is returned.
func start(t *testing.T, o broker.Options) (*broker.Broker, func() string) {
	var mu sync.Mutex
	var said []string
	o.Listen, o.Dir = "127.0.0.1:0", t.TempDir()
	o.Say = func(line string) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, line)
	}
	b, err := broker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(said, "\n")
	}
}

// dial says why a connection was refused, "" if it was not.
func dial(a link.Access) string {
	conn, err := a.Dial("test")
	if err != nil {
		return err.Error()
	}
	conn.Close()
	return ""
}

func TestOnlyTheKeyLetsIn(t *testing.T) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	other, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, _ := pair.Seed()
	wrong, _ := other.Seed()
	for own, strangers := range map[string][]string{
		key:          {"", "a-key-of-some-lengtH"},
		string(seed): {"", key, string(wrong)},
	} {
		b, said := start(t, broker.Options{Key: own})
		if why := dial(link.Access{URL: b.URL(), Key: own}); why != "" {
			t.Errorf("the right key: %s", why)
		}
		if said() != "" {
			t.Errorf("of the right key the server says %s", said())
		}
		for _, k := range strangers {
			if _, err := (link.Access{URL: b.URL(), Key: k}).Dial("test"); !errors.Is(err, link.ErrKey) {
				t.Errorf("a wrong key: %v", err)
			}
		}
		if got := strings.Count(said(), "its key is wrong or missing"); got != 1 { // the same is not said again and again
			t.Errorf("of %d strangers the server says:\n%s", len(strangers), said())
		}
	}
	b, _ := start(t, broker.Options{Key: key})
	if why := dial(link.Access{URL: b.URL(), Key: string(wrong)}); !strings.Contains(why, "wants another kind") {
		t.Errorf("a key of another kind: %q", why)
	}
}

// certificate writes one for 127.0.0.1, which vouches for itself, and its key.
func certificate(t *testing.T) (cert, certKey string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	is := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	text, err := x509.CreateCertificate(rand.Reader, &is, &is, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyText, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, certKey = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: text}, certKey: {Type: "PRIVATE KEY", Bytes: keyText}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, certKey
}

func TestTLSIsThereWhereItIsAskedFor(t *testing.T) {
	cert, certKey := certificate(t)
	secure, _ := start(t, broker.Options{Key: key, Cert: cert, CertKey: certKey})
	if !strings.HasPrefix(secure.URL(), "tls://") {
		t.Errorf("a server with TLS is at %s", secure.URL())
	}
	if conn, err := secure.Dial(key, "inside"); err != nil {
		t.Errorf("from the server's own process: %v", err)
	} else {
		conn.Close()
	}
	open, _ := start(t, broker.Options{Key: key})
	stranger, _ := certificate(t)
	plain := strings.Replace(secure.URL(), "tls://", "nats://", 1)
	for _, c := range []struct {
		a    link.Access
		want string
	}{
		{link.Access{URL: secure.URL(), CA: cert}, ""},
		{link.Access{URL: plain, CA: cert}, ""},
		{link.Access{URL: plain}, "name who may with --ca"},
		{link.Access{URL: secure.URL()}, "nobody who is trusted vouches"},
		{link.Access{URL: secure.URL(), CA: stranger}, "nobody who is trusted vouches"},
		{link.Access{URL: open.URL(), CA: cert}, "TLS is asked for, and the server has none"},
		{link.Access{URL: strings.Replace(open.URL(), "nats://", "tls://", 1)}, "TLS is asked for, and the server has none"},
	} {
		c.a.Key = key
		if why := dial(c.a); (why == "") != (c.want == "") || !strings.Contains(why, c.want) {
			t.Errorf("%+v: %q, want %q", c.a, why, c.want)
		}
	}
}

func TestWhatCannotBeServedIsRefusedInALine(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]broker.Options{
		"write HOST:PORT":        {Listen: "4222", Key: key},
		"is no port":             {Listen: "127.0.0.1:70000", Key: key},
		"address already in use": {Listen: taken.Addr().String(), Key: key, Dir: t.TempDir()},
		"give it 16 at least":    {Listen: "127.0.0.1:0", Key: "short"},
		"TLS needs both":         {Listen: "127.0.0.1:0", Key: key, Cert: file},
		file:                     {Listen: "127.0.0.1:0", Key: key, Cert: file, CertKey: file},
	} {
		b, err := broker.Start(o)
		if err == nil {
			b.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}

func TestScratchLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	_, end, err := broker.Scratch(broker.Options{Listen: "127.0.0.1:0", Key: key, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	end()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func Example() {
	b, end, err := broker.Scratch(broker.Options{Listen: "127.0.0.1:0", Key: "a-key-of-some-length"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()
	conn, err := link.Access{URL: b.URL(), Key: "a-key-of-some-length"}.Dial("example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Println(conn.IsConnected())
	// Output: true
}
