package card_test

import (
	"math"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/number"
)

// What a word is said to mean is its bound: the number stands there, or half.
func TestAWordSaysItsBound(t *testing.T) {
	for _, word := range card.Words {
		bound := word.High
		if word.Low > 0 {
			bound = word.Low
		}
		says := strings.Contains(word.Means, " "+strings.TrimSuffix(strings.TrimRight(number.Short(bound), "0"), ".")) ||
			bound == 0.5 && strings.Contains(word.Means, "half")
		if math.IsInf(bound, 0) || !says {
			t.Errorf("%s: %s, and its bound is %v to %v", word.Name, word.Means, word.Low, word.High)
		}
	}
}
