package chapters

import "strings"

// NotYet lists the claims of the textbooks that nothing measures yet, so that a
// report can tell a claim that is missing from one that was forgotten.
var NotYet = strings.Fields(
	"D1 D2 D3 D4")
