package web

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"parcon/experiments/tasks/workload"
)

// newNetwork asks a server that answers after a delay.
func newNetwork(p workload.Params) (workload.Task, error) {
	c := connections{params: &p, free: make(chan net.Conn, maxIdle)}
	return c.request, nil
}

// Reply is what the servers of network and http answer to a seed.
func Reply(seed uint64) uint64 { return seed*0x9e3779b97f4a7c15 + 1 }

// maxIdle is how many connections a process keeps for its next tasks.
const maxIdle = 1 << 10

const requestSize = 16 // delay in nanoseconds, seed

// connections keeps idle connections, as every client library does.
type connections struct {
	params *workload.Params
	free   chan net.Conn
}

func (c *connections) request(seed uint64) (uint64, error) {
	conn, err := c.take()
	if err != nil {
		return 0, fmt.Errorf("connecting to the delay server at %s: %w", c.params.Addr, err)
	}
	var buf [requestSize]byte
	binary.LittleEndian.PutUint64(buf[:], uint64(c.params.Delay))
	binary.LittleEndian.PutUint64(buf[8:], seed)
	if c.params.Block(func() { _, err = conn.Write(buf[:]) }); err != nil {
		return 0, fmt.Errorf("sending a request to the delay server at %s: %w", c.params.Addr, err)
	}
	if c.params.Block(func() { _, err = io.ReadFull(conn, buf[:8]) }); err != nil {
		return 0, fmt.Errorf("reading the answer of the delay server at %s: %w", c.params.Addr, err)
	}
	select {
	case c.free <- conn:
	default:
		_ = conn.Close()
	}
	return binary.LittleEndian.Uint64(buf[:8]), nil
}

func (c *connections) take() (net.Conn, error) {
	select {
	case conn := <-c.free:
		return conn, nil
	default:
		return net.Dial("tcp", c.params.Addr)
	}
}

// ServeDelays answers the requests of the network workload on every connection
// that l accepts, each after the delay that it asks for, until l is closed.
func ServeDelays(l net.Listener) error {
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go serveDelays(conn)
	}
}

func serveDelays(conn net.Conn) {
	defer conn.Close()
	var buf [requestSize]byte
	for {
		if _, err := io.ReadFull(conn, buf[:]); err != nil {
			return
		}
		time.Sleep(time.Duration(binary.LittleEndian.Uint64(buf[:])))
		binary.LittleEndian.PutUint64(buf[:], Reply(binary.LittleEndian.Uint64(buf[8:])))
		if _, err := conn.Write(buf[:8]); err != nil {
			return
		}
	}
}
