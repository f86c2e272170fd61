//go:build !linux

package ring

import (
	"sync/atomic"
	"time"
)

// There is no ring here, so nothing calls these.

func futexWait(*atomic.Uint32, uint32, time.Duration) {}

func futexWake(*atomic.Uint32) {}
