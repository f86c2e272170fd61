package card

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"parcon/runner/protocol"
)

// Tries is how many tries of a fact a trial makes where they count singly: the odds of
// those of four trials are 1,600 to 1, as many as a run of 80 claims asks.
const Tries = 36

// Together makes n tries, so many at a time, and returns what each saw, in their order.
// It is for tries that wait, or whose processes do, each with things of its own: one
// must not meet another, nor end a wait together with it, or they would share their luck
// and could not count singly. After an error no further one begins.
func Together[T any](n, atOnce int, once func(try int) (T, error)) ([]T, error) {
	seen := make([]T, n)
	tries, ctx := errgroup.WithContext(context.Background())
	tries.SetLimit(atOnce)
	for i := range n {
		tries.Go(func() (err error) {
			if ctx.Err() != nil { // another one failed, and says why
				return nil
			}
			if seen[i], err = once(i); err != nil {
				return fmt.Errorf("try %d of %d: %w", i+1, n, err)
			}
			return nil
		})
	}
	return seen, tries.Wait()
}

// On is Together with as many tries at a time as there are lanes: each lane has what only
// one try uses at a time.
func On[L, T any](lanes []L, n int, once func(L) (T, error)) ([]T, error) {
	free := make(chan L, len(lanes))
	for _, lane := range lanes {
		free <- lane
	}
	return Together(n, len(lanes), func(int) (T, error) {
		lane := <-free
		defer func() { free <- lane }()
		return once(lane)
	})
}

// TryTogether is Try with so many tries at a time, see Together.
func TryTogether(n, atOnce int, once func(try int) (bool, error)) (protocol.Measurement, error) {
	happened, err := Together(n, atOnce, once)
	if err != nil {
		return nil, err
	}
	return Try(n, func(i int) (bool, error) { return happened[i], nil })
}
