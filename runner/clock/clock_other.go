//go:build !unix

package clock

// Wall-clock time is the only clock that all processes share here; a step of
// the system clock between two starts shifts their stamps against each other.
func shared() int64 { return epoch.UnixNano() }
