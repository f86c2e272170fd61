// Package section is how a report tells of what a card measures, as data: a heading,
// a finding that is computed from samples, and a table or a chart. There are four
// forms of it (Table, Dots, Curves, Forecast), and Func for what has an odd shape.
//
// Texts may hold {interval} ("95 % interval"), {cores} ("2 cores") and {workers} ("2
// workers", as many as cores, and two at least). What was not measured leaves no trace:
// a clause of it is empty, a section of it has neither rows nor a figure.
//
// A section knows neither files nor verdicts nor how a chart is drawn.
package section

import "parcon/experiments/number"

// A Section is the evidence on a claim or a few.
type Section struct {
	Topic  string   // its heading, without the claims
	Claims []string // their IDs
	Answer bool     // its finding is the answer of a run that lacks the grid; of several the first
	// Why is what lies behind what is found, for who reads the finding alone: how the kernel
	// or the runtime works. It holds whatever was found, so it has no number of this run.
	Why  string
	Form Form
}

// A Form makes a section of samples.
type Form interface {
	Show(s Samples) Shown
}

// Func is a form of one section alone.
type Func func(Samples) Shown

// Show calls it.
func (f Func) Show(s Samples) Shown { return f(s) }

// Shown is a section as a reader sees it.
type Shown struct {
	Finding string // what the samples say; "" for nothing. The title of a figure.
	Head    []string
	Rows    [][]string
	Figure  *Figure
	Note    string
}

// Empty says that there is nothing to see.
func (s Shown) Empty() bool { return s.Figure == nil && len(s.Rows) == 0 }

// A Figure is a chart: of dots in Rows and Panels, or of curves.
type Figure struct {
	Name                     string // of its files
	Subtitle, Whiskers, Note string
	Rows                     []string
	Panels                   []Drawn
	Curves                   []Series
	X, Y                     string
	Level                    string // name of the line at 1; "" for none
}

// Drawn is a panel with a value for each row. On a log axis they must be above 0.
// Panels that are Shared have the same axis. Nil prints a short number.
type Drawn struct {
	Title        string
	Log, Shared  bool
	Format, Tick func(float64) string
	Values       []number.Interval
}

// Series is a curve: a value for each X, which is above 0. Computed ones have dashes and no
// marks, and Points have marks and no line.
type Series struct {
	Name             string
	X                []float64
	Y                []number.Interval
	Computed, Points bool
}

const (
	// Whiskers is what they are of in most charts.
	Whiskers = "Whiskers: {interval}s of the medians."
	// Medians is what a note says of a chart of absolute values.
	Medians = "Dots: medians over rounds."
	// Paired is said where ratios stand beside what they are of.
	Paired = "Ratios are medians of the ratios in each round, so not exactly the quotients of the medians shown."
)
