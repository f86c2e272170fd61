package proc

import "os"

// Expendable tells Linux to kill this process and those that it starts from now on
// before any other when there is no memory left: a trial that takes it all must not
// end its run. A failure is no harm. Elsewhere it does nothing.
func Expendable() {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
}
