package card

// Scale is what the size of a chapter depends on.
type Scale struct {
	Cores  int
	Depth  Depth
	System string // GOOS; "" means linux
	Python bool   // there is a CPython to measure beside
	Quota  string // the CPU quota as a result file tells it; "" means none
	// Hindrances say why cards that were tried cannot be prepared, by their names.
	Hindrances map[string]string
}

// CPython says that variants of a real CPython are measured: no claim needs them.
func (s Scale) CPython() bool { return s.Python && s.Depth >= Standard }

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
