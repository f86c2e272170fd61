package results

// The keys of a file's head. Everybody who writes or reads one names it by these.
const (
	KeyGOOS        = "goos"
	KeyGOARCH      = "goarch"
	KeyCPU         = "cpu"
	KeyCores       = "cores" // that may be used, as whole ones
	KeyQuota       = "quota" // in cores, such as "1.5"; "none"
	KeyMemory      = "memory"
	KeyHost        = "host"
	KeyVirtual     = "virtual" // "no", or of what it is a guest
	KeyKernel      = "kernel"
	KeyGovernor    = "governor"
	KeyFilesystem  = "filesystem" // of the files of tasks
	KeyGo          = "go"
	KeyDate        = "date"
	KeyVersion     = "version"
	KeyCommit      = "commit"
	KeyProgram     = "program"  // the hash of parcon itself
	KeyPrograms    = "programs" // those of the helper programs
	KeyClaims      = "claims"   // fingerprints of the claims, by chapter, before anything ran
	KeyPython      = "python"
	KeyCannot      = "cannot-" // and the name of a card: why it could not be prepared
	KeyGOGC        = "gogc"
	KeyTaskCPU     = "task-cpu" // how long a task is made to be
	KeyTaskIO      = "task-io"
	KeyTaskMix     = "task-mix"
	KeySizes       = "sizes" // of tasks, as they were calibrated
	KeyProfile     = "profile"
	KeyExperiments = "experiments" // what was asked for: chapters, claims, variants
	KeySeed        = "seed"
	KeyRounds      = "rounds" // at most
	KeyBudget      = "budget"
	KeyPrecision   = "precision" // of older runs
	KeyOdds        = "odds"      // asked of each claim, to one
	KeyCases       = "cases"     // trials of a round, by experiment
	KeyCommand     = "command"   // that advice was asked about
	KeyItems       = "items"     // for which it is run
	KeyAtMost      = "at-most"   // workers
	KeyMayTake     = "may-take"  // bytes of memory that all workers may take; 0: not known
	KeyTakes       = "takes"     // bytes that one took at first; 0: not known
)

// ours are the words that only parcon writes. In another's file they mean nothing.
var ours = []string{
	KeyCores, KeyQuota, KeyMemory, KeyVirtual, KeyGovernor, KeyFilesystem, KeyPrograms, KeyPython, KeyClaims, KeyGOGC,
	KeyTaskCPU, KeyTaskIO, KeyTaskMix, KeySizes, KeyProfile, KeyExperiments, KeySeed, KeyRounds, KeyBudget, KeyPrecision, KeyOdds, KeyCases,
}
