package link

import (
	"fmt"
	"runtime/debug"
	"strings"
)

// format is the version of what parcon's processes say to each other: it rises with each
// change that an older one would misread.
const format = 1

// Version is what processes that work together must have in common: the format of their
// messages, and the revision that they were built from, where the build noted one.
func Version() string {
	version := fmt.Sprintf("format %d", format)
	info, known := debug.ReadBuildInfo()
	if !known {
		return version
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			version += fmt.Sprintf(", revision %.12s", s.Value)
		case s.Key == "vcs.modified" && s.Value == "true":
			version += " edited"
		}
	}
	return version
}

// CheckVersion refuses that of another process if it is not this one's.
func CheckVersion(who, theirs string) error {
	if own := Version(); theirs != own {
		return fmt.Errorf("%s is parcon of %s, this is parcon of %s: build both from the same source", who, strings.ToValidUTF8(theirs, "?"), own)
	}
	return nil
}
