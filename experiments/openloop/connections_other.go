//go:build !linux

package openloop

import (
	"net/netip"
	"time"
)

// Connections are those to one server.
type Connections struct{}

// Dial opens so many connections to a server on the loopback.
func Dial(netip.AddrPort, int, time.Duration) (*Connections, error) { return nil, ErrUnsupported }

// Close ends all connections.
func (*Connections) Close() {}

// Load sends what is scheduled, and waits for answers.
func (*Connections) Load(Schedule, Protocol, time.Duration) (Result, error) {
	return Result{}, ErrUnsupported
}
