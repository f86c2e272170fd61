//go:build amd64 || arm64

package ring

// pause tells the processor that this is a loop which waits for another core (PAUSE, YIELD).
// Where the other one is its sibling, of whose units it would take half, a round trip of
// 265 ns takes 185.
func pause()
