package remote

import (
	"encoding/json"
	"fmt"
)

func encode(o Order) (string, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return "", fmt.Errorf("writing what a process of a queue is to do: %w", err)
	}
	return string(text), nil
}

// ReadOrder reads the line that says what a process is to do.
func ReadOrder(line string) (o Order, err error) {
	if err := json.Unmarshal([]byte(line), &o); err != nil {
		return Order{}, fmt.Errorf("reading what to do: %w", err)
	}
	return o, nil
}
