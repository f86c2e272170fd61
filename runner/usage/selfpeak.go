package usage

// PeakOfSelf is the peak of this process's resident memory in bytes, 0 where the platform
// does not tell.
func PeakOfSelf() int64 { return peakRSS() }
