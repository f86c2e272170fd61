package servers

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/openloop"
	"parcon/runner/protocol"
)

func prepareServe(t card.Trial) (card.Session, error) {
	l, err := startLoad(t)
	if err != nil {
		return card.Session{}, errors.Join(err, l.close())
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return l.measure(t.Ops) },
		Close: l.close,
	}, nil
}

// loaded is a server with its clients, each of which was served once.
type loaded struct {
	server  *Server
	rate    float64
	clients []*openloop.Connections // the first one alone, then those that are measured
	count   int                     // of these
	memory  float64                 // of each of these, idle
}

// startLoad starts a server and connects all clients. On an error too, close must be called.
func startLoad(t card.Trial) (l *loaded, err error) {
	l = &loaded{rate: float64(t.Int("rate", 0)), count: t.Int("connections", 1)}
	if l.server, err = Start(t, t.Get(ofServers.Key), false); err != nil {
		return l, err
	}
	if err := l.connect(1); err != nil {
		return l, err
	}
	before, err := l.server.Usage()
	if err != nil {
		return l, err
	}
	if err := l.connect(l.count); err != nil {
		return l, err
	}
	after, err := l.server.Usage()
	if err != nil {
		return l, err
	}
	if got := after.Connections - before.Connections; got != l.count {
		return l, fmt.Errorf("a server has %d more connections, want %d", got, l.count)
	}
	l.memory = float64(max(after.Memory-before.Memory, int64(os.Getpagesize()))) / float64(l.count)
	return l, nil
}

// warming is at which rate new clients make their first request.
const warming = 10_000

// connect opens connections, and makes a request on each.
func (l *loaded) connect(n int) error {
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(l.server.Port))
	c, err := openloop.Dial(addr, n, patience)
	if err != nil {
		return err
	}
	l.clients = append(l.clients, c)
	r, err := c.Load(openloop.Schedule{Rate: warming, Requests: n}, speaking(l.server.Model), patience+time.Duration(n)*time.Millisecond*10)
	if err == nil && r.Answered != n {
		err = fmt.Errorf("of the first requests of %d clients the server answered %d rightly and %d wrongly", n, r.Answered, r.Wrong)
	}
	return err
}

// again is how many loads a trial makes at most to have one that did not lag. Above the
// rate of the claim it makes one: there it is the server that takes the cores.
func (l *loaded) again() int {
	if l.rate > rate {
		return 1
	}
	return 5
}

// measure offers requests, and the same again where the generator lagged.
func (l *loaded) measure(requests int) (m protocol.Measurement, err error) {
	for range l.again() {
		r, cpu, err := l.load(requests)
		if err != nil {
			return nil, err
		}
		if m == nil {
			m = told(r, min(l.count, requests), l.memory)
		} else {
			m[card.UnitTries] += float64(r.Requests)
			m[card.UnitSeen] += float64(r.Answered)
		}
		if !r.Lagged() && r.Answered > 0 {
			m[unitCPU] = float64(cpu) / float64(r.Answered)
			break
		}
		if r.Unanswered() > 0 { // connections are left with them
			break
		}
	}
	return m, nil
}

// load offers requests once, and says what the server computed meanwhile.
func (l *loaded) load(requests int) (r openloop.Result, cpu time.Duration, err error) {
	before, err := l.server.CPU()
	if err != nil {
		return r, 0, err
	}
	c := l.clients[len(l.clients)-1]
	if r, err = c.Load(openloop.Schedule{Rate: l.rate, Requests: requests}, speaking(l.server.Model), patience); err != nil {
		return r, 0, err
	}
	after, err := l.server.CPU()
	return r, after - before, err
}

// told is a load's result by unit, as the comment of serve says.
func told(r openloop.Result, connections int, memory float64) protocol.Measurement {
	m := protocol.Measurement{
		card.UnitTries: float64(r.Requests), card.UnitSeen: float64(r.Answered), card.UnitEpisodes: float64(connections),
		unitServed: r.Served, unitMemory: memory, unitLate: float64(r.Late.P99), unitLagged: 0,
	}
	if r.Answered > 0 {
		m["ns/op"], m[unitP90], m[unitP99] = float64(r.Latency.P50), float64(r.Latency.P90), float64(r.Latency.P99)
		m[unitP999], m[unitMax] = float64(r.Latency.P999), float64(r.Latency.Max)
	}
	if r.Lagged() {
		m[unitLagged] = 1
	}
	return m
}

// close ends clients and server.
func (l *loaded) close() error {
	for _, c := range l.clients {
		c.Close()
	}
	if l.server == nil {
		return nil
	}
	return l.server.Close()
}
