package trial

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"parcon/runner/proc"
	"parcon/runner/protocol"
)

// Follow follows package protocol when a trial is ready, its order read from in: it says so, waits for
// the start, measures and sends what that gave. When in ends, the process does.
func Follow(in *bufio.Reader, out io.Writer, measure func() (protocol.Measurement, error)) error {
	if _, err := fmt.Fprintln(out, protocol.Ready); err != nil {
		return err
	}
	if _, err := in.ReadString('\n'); err != nil {
		return fmt.Errorf("waiting for the start signal: %w", err)
	}
	go proc.WatchParent(in)
	m, err := measure()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(m)
}
