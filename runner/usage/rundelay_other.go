//go:build unix && !linux

package usage

import "time"

// runDelay is not counted by the other Unix systems for their users.
func runDelay() (total time.Duration, known bool) { return 0, false }
