package messages

import (
	"fmt"

	"parcon/experiments/card"
)

// A trial of one way to send messages: 1,000 of them to a goroutine and back, each checked.
func Example_roundTrip() {
	c, v, err := card.Parse(Chapter.Cards, "mechanism=transport/transport=channel/what=roundtrip/size=64/cores=one")
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := c.Prepare(card.Trial{Variant: v, Ops: 1_000})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := session.Run()
	fmt.Println(m["ns/op"] > 0, err)
	fmt.Println(session.Close())
	// Output:
	// true <nil>
	// <nil>
}
