package number

import (
	"encoding/json"
	"math"
)

// Finite is what JSON can write of a number: null, a nil pointer, for one that does not
// exist or has no end.
func Finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// MarshalJSON writes an interval for programs; null stands for what is not known, and for an open
// end.
func (i Interval) MarshalJSON() ([]byte, error) {
	all := struct {
		Estimate *float64 `json:"estimate"`
		Low      *float64 `json:"low"`
		High     *float64 `json:"high"`
		Rounds   int      `json:"rounds"`
	}{Rounds: i.N}
	if i.N > 0 {
		all.Estimate, all.Low, all.High = Finite(i.Estimate), Finite(i.Low), Finite(i.High)
	}
	return json.Marshal(all)
}
