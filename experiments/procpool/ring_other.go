//go:build !linux

package procpool

import (
	"errors"
	"io"
)

var errRing = errors.New("the shared-memory ring needs Linux (futex and memfd): use pipes")

func connectRings(*process) (io.Reader, error) { return nil, errRing }

// ServeRing is not available here.
func ServeRing(io.Reader, Handler) error { return errRing }
