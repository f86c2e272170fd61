package costs

import (
	"parcon/experiments/card"
	"parcon/experiments/cpython"
)

// prepareCPython starts a real CPython that measures the same thing. Its own
// clock gives ns/op.
func prepareCPython(t card.Trial, name string, args ...string) (card.Session, error) {
	return cpython.Prepare(t, patienceFor(100*t.Ops), "", name, args...)
}
