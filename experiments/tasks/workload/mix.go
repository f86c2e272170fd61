package workload

import (
	"fmt"
	"time"
)

var mix = Workload{
	Name: "mix", Kind: Mix, Sized: true,
	Doc: "computes primes for a stated share of its length and sleeps for the rest",
	New: func(p Params) (Task, error) {
		if p.Share < 0 || p.Share > 100 {
			return nil, fmt.Errorf("workload mix: a CPU share of %d %%: it must lie between 0 and 100", p.Share)
		}
		size := p.Size * p.Share / 100
		wait := p.Delay * time.Duration(100-p.Share) / 100
		return func(seed uint64) (uint64, error) {
			sum := countPrimes(seed, size, &p)
			if wait > 0 {
				p.Sleep(wait)
			}
			return sum, nil
		}, nil
	},
}
