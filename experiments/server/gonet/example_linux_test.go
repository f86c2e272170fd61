package gonet_test

import (
	"fmt"
	"net"

	"parcon/experiments/echo"
	"parcon/experiments/server"
	"parcon/experiments/server/gonet"
)

// The servers listen in this process here; in a run each has one of its own.
func Example() {
	request := echo.Request{Number: 3, Units: 2, Payload: []byte("hello")}
	for _, model := range gonet.Models {
		s, err := model.Serve(server.Config{})
		if err != nil {
			fmt.Println(err)
			return
		}
		conn, err := net.Dial("tcp4", fmt.Sprint("127.0.0.1:", s.Port()))
		if err != nil {
			fmt.Println(err)
			return
		}
		defer conn.Close()
		http := model.Name == server.NetHTTP
		if http {
			_, err = conn.Write(request.AppendHTTP(nil))
		} else {
			_, err = conn.Write(request.Append(nil))
		}
		answers := echo.Decoder[echo.Answer]{HTTP: http}
		var answer echo.Answer
		for whole := false; !whole && err == nil; {
			var n int
			n, err = conn.Read(answers.Room())
			answers.Filled(n)
			if err == nil {
				answer, whole, err = answers.Next()
			}
		}
		fmt.Println(model.Name, answer.Right(request), err)
	}
	// Output:
	// goroutine true <nil>
	// nethttp true <nil>
}
