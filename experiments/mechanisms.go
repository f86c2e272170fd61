package experiments

import (
	"strconv"
	"strings"

	"parcon/experiments/mechanism"
	"parcon/experiments/mechanism/all"
	"parcon/experiments/variant"
)

// of builds the variant of a mechanism from alternating keys and values.
func of(name string, pairs ...string) variant.Variant {
	return variant.New(append([]string{mechanism.Key, name}, pairs...)...)
}

// possible leaves out the variants that this system cannot run, and those of
// CPython where there is none, or where only what claims need is measured.
func (s Scale) possible(cases []Case) []Case {
	var kept []Case
	for _, c := range cases {
		if (s.Linux() || !needsLinux(c.Variant)) && (s.Python && s.Depth >= Standard || !strings.Contains(c.Variant.String(), "cpython")) {
			kept = append(kept, c)
		}
	}
	return unique(kept)
}

// judgeable says of claims on mechanisms that need Linux why they cannot be
// measured elsewhere.
func (s Scale) judgeable(claims []Claim) []Claim {
	if s.Linux() {
		return claims
	}
	for i := range claims {
		for _, c := range claims[i].Comparisons {
			if needsLinux(c.Of) || needsLinux(c.Over) {
				claims[i].Unmeasured = "this system is " + s.System + ": it needs Linux, for /proc, futexes or pinning to cores"
			}
		}
	}
	return claims
}

func needsLinux(v variant.Variant) bool {
	m, err := mechanism.Find(all.Mechanisms, v.Get(mechanism.Key))
	return err == nil && m.Linux
}

func itoa(n int) string { return strconv.Itoa(n) }
