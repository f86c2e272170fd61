package locking

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"parcon/runner/proc/proctest"
)

// Against a model: who holds it, and how often.
func TestReentrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l reentrant
		var owner uint64
		depth := 0
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				who := rapid.Uint64Range(1, 3).Draw(t, "who")
				free := depth == 0 || owner == who
				if got := l.tryLock(who); got != free {
					t.Fatalf("%d took it: %v, but %d holds it %d times", who, got, owner, depth)
				}
				if free {
					owner, depth = who, depth+1
				}
			},
			"take again": func(t *rapid.T) {
				if depth == 0 {
					t.Skip("nobody holds it")
				}
				l.lock(owner)
				depth++
			},
			"let go": func(t *rapid.T) {
				who := rapid.Uint64Range(1, 3).Draw(t, "who")
				err := l.unlock(who)
				if holds := depth > 0 && owner == who; holds != (err == nil) || err != nil && !errors.Is(err, errNotOwner) {
					t.Fatalf("%d let it go: %v, but %d holds it %d times", who, err, owner, depth)
				}
				if err == nil {
					depth--
				}
			},
		})
	})
}

// With -race this also shows that it is a lock.
func TestReentrantKeepsOthersOut(t *testing.T) {
	proctest.Tidy(t)
	var l reentrant
	const turns = 2000
	count := 0
	<-launch(4, func(i int) {
		me := uint64(i) + 1
		for range turns {
			l.lock(me)
			l.lock(me)
			count++
			if err := errors.Join(l.unlock(me), l.unlock(me)); err != nil {
				t.Error(err)
			}
		}
	})
	if count != 4*turns {
		t.Errorf("%d, want %d", count, 4*turns)
	}
}
