// Package protocol is what a trial's process and the runner that started it
// say to each other. It stands alone so that the trial program, which must
// start fast, need not hold the runner.
//
// The runner writes one line, the order, to the child's standard input. The
// child prepares and prints Ready; the runner answers with an empty line when
// the measurement may begin; the child prints its Measurement as a line of
// JSON and ends. What the child writes to standard error is the reason if it
// fails. The end of its standard input tells the child that its parent is gone.
package protocol

// Ready is the line that a child prints when it is prepared.
const Ready = "ready"

// A Measurement is the values of one trial by unit, as in a result line of the
// Go benchmark format: "ns/op", "cores-busy" ...
type Measurement map[string]float64

// ProcessCPU is the unit of the CPU time, in nanoseconds, of a trial's process over its whole
// life, and of the children that it waited for. A runner needs it to tell the load by others.
const ProcessCPU = "process-cpu-ns"
