package protocol_test

import (
	"encoding/json"
	"fmt"

	"parcon/runner/protocol"
)

// What a child prints.
func Example() {
	fmt.Println(protocol.Ready)
	// ... and when the runner has answered with an empty line:
	line, err := json.Marshal(protocol.Measurement{"ns/op": 250, "cores-busy": 1.9})
	fmt.Println(string(line), err)
	// Output:
	// ready
	// {"cores-busy":1.9,"ns/op":250} <nil>
}
