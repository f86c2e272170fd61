//go:build !linux

package affinity

// Cores returns ErrUnsupported here.
func Cores() ([]int, error) { return nil, ErrUnsupported }

// Thread returns ErrUnsupported here.
func Thread(...int) error { return ErrUnsupported }

// Process returns ErrUnsupported here.
func Process(...int) error { return ErrUnsupported }

// Core returns Unknown here.
func Core() int { return Unknown }
