package affinity

import "errors"

// A Pair is the cores of two units that are measured together.
type Pair struct {
	Here, Beyond int // the same core, or two
	all          []int
}

// ChoosePair chooses one core for both units, or one for each.
func ChoosePair(apart bool) (Pair, error) {
	all, err := Cores()
	if err != nil {
		return Pair{}, err
	}
	p := Pair{Here: all[0], Beyond: all[0], all: all}
	if apart {
		if len(all) < 2 {
			return p, errors.New("choosing two cores on a machine with one: choose one")
		}
		p.Beyond = all[1]
	}
	return p, nil
}

// Release lets this process use all its cores again.
func (p Pair) Release() error { return Process(p.all...) }
