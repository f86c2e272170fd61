package openloop

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parcon/runner/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// plain is a protocol of eight bytes, and the same eight back.
type plain struct{}

func (plain) Append(b []byte, number uint64) []byte {
	return binary.LittleEndian.AppendUint64(b, number)
}

func (plain) Answers() Answers { return &plainAnswers{} }

type plainAnswers struct {
	buf [64]byte
	n   int
}

func (a *plainAnswers) Room() []byte { return a.buf[a.n:] }

func (a *plainAnswers) Filled(n int) { a.n += n }

var errGarbage = errors.New("garbage")

func (a *plainAnswers) Next() (Answer, bool, error) {
	if a.n < 8 {
		return Answer{}, false, nil
	}
	number := binary.LittleEndian.Uint64(a.buf[:])
	a.n = copy(a.buf[:], a.buf[8:a.n])
	if number == math.MaxUint64 {
		return Answer{}, false, errGarbage
	}
	return Answer{Number: number &^ lie, Right: number&lie == 0}, true, nil
}

// lie marks an answer that is not right.
const lie = 1 << 63

// A server answers each number by what it is told to, and notes when.
type server struct {
	net.Listener
	answer func(number uint64) []byte

	mu      sync.Mutex
	noted   map[uint64]int64 // by clock.Now
	conns   []net.Conn
	serving sync.WaitGroup
}

func same(number uint64) []byte { return binary.LittleEndian.AppendUint64(nil, number) }

func serve(t testing.TB, answer func(number uint64) []byte) *server {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Listener: l, answer: answer, noted: map[uint64]int64{}}
	s.serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.serving.Go(func() { s.one(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		s.mu.Lock()
		for _, conn := range s.conns {
			_ = conn.Close()
		}
		s.mu.Unlock()
		s.serving.Wait()
	})
	return s
}

func (s *server) one(conn net.Conn) {
	defer conn.Close()
	var b [8]byte
	for {
		if _, err := io.ReadFull(conn, b[:]); err != nil {
			return
		}
		number := binary.LittleEndian.Uint64(b[:])
		out := s.answer(number)
		if out == nil {
			return
		}
		s.mu.Lock()
		s.noted[number] = clock.Now()
		s.mu.Unlock()
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

func (s *server) dial(t testing.TB, connections int) *Connections {
	t.Helper()
	c, err := Dial(netip.MustParseAddrPort(s.Addr().String()), connections, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Whatever is asked is answered, on all connections, in one load after another.
func TestEveryRequestIsAnswered(t *testing.T) {
	s := serve(t, same)
	c := s.dial(t, 7)
	for range 2 {
		r, err := c.Load(Schedule{Rate: 20_000, Requests: 1000}, plain{}, patience)
		if err != nil || r.Answered != 1000 || r.Wrong != 0 || r.Unanswered() != 0 || r.Ended != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		if l := r.Latency; l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max || r.Served <= 0 {
			t.Errorf("%+v", r)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.noted) != 2000 || len(s.conns) != 7 {
		t.Errorf("the server had %d requests on %d connections", len(s.noted), len(s.conns))
	}
}

// A server that stalls is asked on, and what was due meanwhile waits from then: the
// quantiles are those of the server's own notes.
func TestAStallIsNotHidden(t *testing.T) {
	truth, r := stall(t, 1000, 1000, 400*time.Millisecond)
	if r.Answered != 1000 {
		t.Fatalf("%+v", r)
	}
	if off := r.Latency.P99.Seconds()/truth.Seconds() - 1; math.Abs(off) > 0.10 {
		t.Errorf("p99 %v, by the server's notes %v", r.Latency.P99, truth)
	}
}

// stall makes load for a server that stops once, in the middle, and returns the 99th
// percentile by its notes.
func stall(t testing.TB, rate float64, requests int, long time.Duration) (truth time.Duration, r Result) {
	t.Helper()
	var once sync.Once
	var all sync.Mutex // one that holds it stalls all
	s := serve(t, func(number uint64) []byte {
		all.Lock()
		defer all.Unlock()
		if number >= uint64(requests)/4 {
			once.Do(func() { time.Sleep(long) })
		}
		return same(number)
	})
	l, err := s.dial(t, 10).prepare(Schedule{Rate: rate, Requests: requests}, plain{}, patience)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = l.run(); err != nil {
		t.Fatal(err)
	}
	var took []time.Duration
	s.mu.Lock()
	defer s.mu.Unlock()
	for number, at := range s.noted {
		took = append(took, time.Duration(at-l.start)-l.schedule.Due(int(number)))
	}
	slices.Sort(took)
	return took[int(math.Ceil(0.99*float64(len(took))))-1], r
}

// Answers that are wrong, double or to nothing are counted, and no request of theirs is
// answered.
func TestWrongAnswers(t *testing.T) {
	s := serve(t, func(number uint64) []byte {
		switch number {
		case 3:
			return same(number | lie)
		case 4:
			return append(same(number), same(number)...)
		case 5:
			return same(1000)
		}
		return same(number)
	})
	r, err := s.dial(t, 2).Load(Schedule{Rate: 10_000, Requests: 10}, plain{}, 100*time.Millisecond)
	if err != nil || r.Answered != 8 || r.Wrong != 3 || r.Unanswered() != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A server that ends connections ends the load when none is left; what it had answered
// counts.
func TestEndedConnections(t *testing.T) {
	s := serve(t, func(number uint64) []byte {
		if number >= 4 {
			return nil
		}
		return same(number)
	})
	c := s.dial(t, 2)
	r, err := c.Load(Schedule{Rate: 1000, Requests: 100}, plain{}, patience)
	if err != nil || r.Answered != 4 || r.Ended != 2 || r.Unanswered() != 96 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := c.Load(Schedule{Rate: 1000, Requests: 1}, plain{}, patience); err == nil || !strings.Contains(err.Error(), "open others") {
		t.Errorf("a load on ended connections: %v", err)
	}
}

// A decoder that fails ends its connection.
func TestGarbage(t *testing.T) {
	s := serve(t, func(uint64) []byte { return same(math.MaxUint64) })
	r, err := s.dial(t, 1).Load(Schedule{Rate: 1000, Requests: 3}, plain{}, patience)
	if err != nil || r.Answered != 0 || r.Wrong != 1 || r.Ended != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A server that reads nothing holds up neither the sender nor, for longer than its
// patience, the load.
func TestAServerThatDoesNotRead(t *testing.T) {
	stop := make(chan struct{})
	s := serve(t, func(uint64) []byte { <-stop; return nil })
	defer close(stop)
	r, err := s.dial(t, 1).Load(Schedule{Rate: 1e6, Requests: 1_000_000}, plain{}, 50*time.Millisecond)
	if err != nil || r.Answered != 0 || r.Unanswered() != 1_000_000 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestDialRefuses(t *testing.T) {
	for server, want := range map[string]string{
		"192.0.2.1:80":  "the loopback",
		"[::1]:80":      "the loopback",
		"127.0.0.1:1":   "connection 1 of 2",
		"127.0.0.1:999": "connection refused",
	} {
		if _, err := Dial(netip.MustParseAddrPort(server), 2, patience); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", server, err, want)
		}
	}
}

// What the generator is to be believed for: how far it is off its schedule.
func BenchmarkLate(b *testing.B) {
	for name, rate := range map[string]float64{"rate=1000": 1000, "rate=10000": 10_000} {
		b.Run(name, func(b *testing.B) {
			c := serve(b, same).dial(b, 10)
			for b.Loop() {
				r, err := c.Load(Schedule{Rate: rate, Requests: int(2 * rate)}, plain{}, patience)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(r.Late.P50.Nanoseconds())/1e3, "late-p50-us")
				b.ReportMetric(float64(r.Late.P99.Nanoseconds())/1e3, "late-p99-us")
				b.ReportMetric(100*math.Abs(r.Sent/r.Offered-1), "rate-off-%")
			}
		})
	}
}

// How far the 99th percentile is from the truth where a server stalls for a second in ten.
func BenchmarkStall(b *testing.B) {
	for b.Loop() {
		truth, r := stall(b, 1000, 10_000, time.Second)
		b.ReportMetric(truth.Seconds()*1e3, "true-p99-ms")
		b.ReportMetric(100*math.Abs(r.Latency.P99.Seconds()/truth.Seconds()-1), "p99-off-%")
	}
}
