package child

import (
	"errors"

	"parcon/runner/affinity"
)

// pinToFirstCore keeps this process on the first core that it may use. Where
// that cannot be chosen it does nothing: a single busy thread loads one core at
// a time anyway.
func pinToFirstCore() error {
	cores, err := affinity.Cores()
	if err == nil {
		err = affinity.Process(cores[0])
	}
	if errors.Is(err, affinity.ErrUnsupported) {
		return nil
	}
	return err
}
