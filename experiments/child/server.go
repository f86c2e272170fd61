package child

import (
	"fmt"
	"io"
	"net"
	"net/http"

	"parcon/experiments/tasks/workload/web"
)

// Addresses is what a server child prints, as JSON, when it is ready.
type Addresses struct{ Network, HTTP string }

// runServer answers the requests of the workloads network and http.
func runServer(out io.Writer) error {
	network, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening a port of the loopback for the delay server: %w", err)
	}
	pages, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening a port of the loopback for the delay server: %w", err)
	}
	if err := send(out, Addresses{network.Addr().String(), pages.Addr().String()}); err != nil {
		return err
	}
	go http.Serve(pages, web.Handler())
	return web.ServeDelays(network)
}
