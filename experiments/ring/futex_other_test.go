//go:build !linux

package ring

import (
	"errors"
	"testing"
)

func needsFutex(t *testing.T) { t.Skip("waiting needs futex(2)") }

func TestNewSaysThatItNeedsLinux(t *testing.T) {
	if _, err := New(MinSize); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
