package cpython

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"parcon/runner/protocol"
)

// parseUnits reads the line of JSON that the script prints. Every value is a
// number, and every unit can stand in a line of the Go benchmark format.
func parseUnits(line []byte) (protocol.Measurement, error) {
	var values map[string]*float64 // null is no number
	if err := json.Unmarshal(line, &values); err != nil {
		return nil, fmt.Errorf("its result %.200q is not JSON of numbers: %w", line, err)
	}
	if len(values) == 0 {
		return nil, errors.New("its result holds no value")
	}
	m := make(protocol.Measurement, len(values))
	for unit, value := range values {
		if value == nil {
			return nil, fmt.Errorf("its result has no number for the unit %.200q", unit)
		}
		if unit == "" || strings.ContainsFunc(unit, unprintable) {
			return nil, fmt.Errorf("its result has the unit %.200q, which is not one printable word", unit)
		}
		m[unit] = *value
	}
	return m, nil
}

func unprintable(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
