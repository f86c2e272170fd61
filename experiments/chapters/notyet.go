package chapters

import "strings"

// NotYet lists the claims of the textbooks that nothing measures yet, so that a
// report can tell a claim that is missing from one that was forgotten.
var NotYet = strings.Fields(
	"M1 M2 M3 M4 M5 M6 M7 M8 M9 M10 M11 D1 D2 D3 D4")
