package results

import "slices"

// An Aspect is one part of what makes two runs the same run.
type Aspect int

const (
	Machine     Aspect = iota // where it was measured
	Program                   // what measured it
	Claims                    // what was asserted before it was measured
	Interpreter               // the CPythons that were measured beside
	Work                      // how much an operation is
	Asked                     // the schedule: what was to be measured, in which order
	Surrounding               // what may explain a difference and is not the machine itself
)

// Unknown is the value of what the system does not tell.
const Unknown = "unknown"

// None is the value of what is not there.
const None = "none"

// identity lists the keys of a setup that make up what a run is. Other keys, such as
// the date, tell of the moment.
var identity = []struct {
	key string
	of  Aspect
}{
	{KeyGOOS, Machine},
	{KeyGOARCH, Machine},
	{KeyCPU, Machine},
	{KeyCores, Machine},
	{KeyQuota, Machine},
	{KeyMemory, Machine},
	{KeyHost, Machine},
	{KeyKernel, Surrounding},
	{KeyGovernor, Surrounding},
	{KeyGo, Program},
	{KeyVersion, Program},
	{KeyCommit, Program},
	{KeyProgram, Program},
	{KeyPrograms, Program},
	{KeyClaims, Claims},
	{KeyPython, Interpreter},
	{KeyGOGC, Work},
	{KeyTaskCPU, Work},
	{KeyTaskIO, Work},
	{KeyTaskMix, Work},
	{KeySizes, Work},
	{KeyProfile, Asked},
	{KeyExperiments, Asked},
	{KeySeed, Asked},
	{KeyRounds, Asked},
	{KeyBudget, Asked},
	{KeyPrecision, Asked},
	{KeyOdds, Asked},
	{KeyCases, Asked},
}

// A Difference is a key in which two runs are not the same.
type Difference struct {
	Key      string
	Of       Aspect
	Old, New string
}

// Differences compares two setups in the given aspects, in all if there are none.
// What one of them does not tell, or could not find out, is no difference.
func Differences(old, new Setup, of ...Aspect) []Difference {
	var all []Difference
	for _, k := range identity {
		was, is := old.Get(k.key), new.Get(k.key)
		if was == "" || is == "" || was == Unknown || is == Unknown || len(of) > 0 && !slices.Contains(of, k.of) {
			continue
		}
		if before, after := differ(k.key, was, is); before != after {
			all = append(all, Difference{k.key, k.of, before, after})
		}
	}
	return all
}
