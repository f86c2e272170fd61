package ipc

import "time"

// LookAround sets after how long waiters look around by themselves. Tests that
// need nobody dead make that an hour: then a wake-up that is lost hangs them,
// instead of coming late.
func LookAround(after time.Duration) { longest = after }
