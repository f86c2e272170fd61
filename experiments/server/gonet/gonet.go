// Package gonet is the servers on Go's network packages.
package gonet

import (
	"fmt"
	"net"
	"time"

	"parcon/experiments/server"
)

// Models are they.
var Models = []server.Model{goroutine, netHTTP}

func allCores(cores int) int { return cores }

func listen(c server.Config) (net.Listener, *server.Single, error) {
	l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", c.Port))
	if err != nil {
		return nil, nil, err
	}
	return l, &server.Single{On: l.Addr().(*net.TCPAddr).Port, Crashes: c.Crashes}, nil
}

// goroutine has a goroutine for each connection.
var goroutine = server.Model{Name: server.Goroutine, Procs: allCores, Serve: func(c server.Config) (server.Server, error) {
	l, s, err := listen(c)
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil { // no descriptor or no memory is left: others must end first
				time.Sleep(server.Pause)
				continue
			}
			go s.Serve(client)
		}
	}()
	return s, nil
}}
