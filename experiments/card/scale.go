package card

// Scale is what the size of a chapter depends on.
type Scale struct {
	Cores  int
	Depth  Depth
	System string // GOOS; "" means linux
	Quota  string // the CPU quota as a result file tells it; "" means none
	// Pythons are the CPythons that there are, in the order in which they were named.
	Pythons []Python
	// Hindrances say why cards that were tried cannot be prepared, by their names.
	Hindrances map[string]string
}

// CPython says that variants of a real CPython are measured: no claim needs them.
func (s Scale) CPython() bool { return s.HasPython() && s.Depth >= Standard }

// HasPython says whether there is a CPython for mechanisms to be measured on.
func (s Scale) HasPython() bool {
	_, err := s.Reference()
	return err == nil
}

// Many is how many workers wait, or do some of both, where more of them than cores
// are of use.
func (s Scale) Many() int { return 4 * s.Cores }

// Depth is how much is measured.
type Depth int

// The depths, each holding the one before.
const (
	Quick    Depth = iota // what the claims need
	Standard              // further workers and models for the curves
	Full                  // all of it
)
