package web

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"parcon/experiments/tasks/workload"
)

// Answers says whether the servers at two addresses, of network and of http, answer
// a request without a delay within limit. It keeps no connection.
func Answers(network, pages string, limit time.Duration) error {
	conn, err := net.DialTimeout("tcp", network, limit)
	if err != nil {
		return fmt.Errorf("connecting to the delay server at %s: %w", network, err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(limit))
	c := connections{params: &workload.Params{Addr: network}, free: make(chan net.Conn, 1)}
	c.free <- conn
	if _, err := c.request(0); err != nil {
		return err
	}
	client := &http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true}}
	_, err = get(client, workload.Params{Addr: pages}, 0)
	return err
}
