package server_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"parcon/experiments/server"
	"parcon/runner/proc"
)

// A server is a program: it says its port, is asked what it consumes, and ends with its
// standard input.
func ExampleMain() {
	c := proc.Command([]string{os.Args[0], "serve", server.Thread, "0"}, nil) // here the test binary
	in, _ := c.StdinPipe()
	out, _ := c.StdoutPipe()
	if err := proc.Start(c); err != nil {
		fmt.Println(err)
		return
	}
	said := bufio.NewScanner(out)
	said.Scan()
	fmt.Println(said.Text() != "")
	_, _ = io.WriteString(in, server.Ask+"\n")
	said.Scan()
	u, err := server.ParseUsage(strings.TrimSpace(said.Text()))
	fmt.Println(u.CPU > 0, u.Memory > 0, u.Connections, u.Refused, err)
	_ = in.Close()
	fmt.Println(c.Wait())
	// Output:
	// true
	// true true 0 0 <nil>
	// <nil>
}
