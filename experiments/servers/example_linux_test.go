package servers_test

import (
	"fmt"
	"os"

	"parcon/experiments/card"
	"parcon/experiments/echo"
	"parcon/experiments/server"
	"parcon/experiments/servers"
)

// A trial starts a server, asks it, and ends it.
func Example() {
	program := []string{os.Args[0], "serve"} // here the test binary; a trial is told the small program
	s, err := servers.Start(card.Trial{Env: card.Env{Server: program}}, server.Loop, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := s.Dial()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Ask(echo.Request{Number: 1, Units: 100, Payload: []byte("hello")}))
	u, err := s.Usage()
	fmt.Println(u.Connections, u.CPU > 0, u.Memory > 0, err)
	c.Close()
	fmt.Println(s.Close())
	// Output:
	// <nil>
	// 1 true true <nil>
	// <nil>
}
