// Package all lists the mechanisms. It is apart from their seam, package
// mechanism, because the mechanisms import that.
package all

import (
	"slices"

	"parcon/experiments/mechanism/cost"
	"parcon/experiments/mechanism/life"
	"parcon/experiments/mechanism/locking"
	"parcon/experiments/mechanism/sharing"
)

// Mechanisms are all there are, chapter by chapter.
var Mechanisms = slices.Concat(cost.All, sharing.All, locking.All, life.All)
