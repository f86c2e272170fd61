package servers

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"parcon/experiments/card"
	"parcon/experiments/echo"
	"parcon/runner/protocol"
)

func prepareSaturate(t card.Trial) (card.Session, error) {
	var units uint32
	for _, w := range works {
		if w.name == t.Get("work") && w.long > 0 {
			units = echo.Units(w.long, echo.Calibrate())
		}
	}
	c, err := startClosed(t, units)
	if err != nil {
		return card.Session{}, errors.Join(err, c.close())
	}
	return card.Session{
		Run:   func() (protocol.Measurement, error) { return nil, c.serve(t.Ops) },
		Close: c.close,
	}, nil
}

// closed is a server with clients that each have one request with it at a time.
type closed struct {
	server  *Server
	clients []*Client
	units   uint32 // of work in a request
}

// fewestClients keep any server busy whose requests take no longer to answer than to ask.
const fewestClients = 16

// startClosed starts a server and connects its clients, each of which asks once. On an
// error too, close must be called.
func startClosed(t card.Trial, units uint32) (c *closed, err error) {
	c = &closed{units: units}
	if c.server, err = Start(t, t.Get(ofServers.Key), false); err != nil {
		return c, err
	}
	for range max(fewestClients, 4*runtime.NumCPU()) {
		one, err := c.server.Dial()
		if err != nil {
			return c, err
		}
		c.clients = append(c.clients, one)
	}
	return c, c.serve(len(c.clients))
}

// serve lets the clients make so many requests together.
func (c *closed) serve(requests int) error {
	var next atomic.Int64
	var asking sync.WaitGroup
	failed := make([]error, len(c.clients))
	for i, one := range c.clients {
		asking.Go(func() {
			for n := next.Add(1) - 1; n < int64(requests); n = next.Add(1) - 1 {
				r := asked(uint64(n))
				r.Units = c.units
				if err := one.Ask(r); err != nil {
					failed[i] = fmt.Errorf("request %d of %d: %w", n+1, requests, err)
					return
				}
			}
		})
	}
	asking.Wait()
	return errors.Join(failed...)
}

// close ends clients and server.
func (c *closed) close() error {
	for _, one := range c.clients {
		one.Close()
	}
	if c.server == nil {
		return nil
	}
	return c.server.Close()
}
