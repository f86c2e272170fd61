package proc

import (
	"bytes"
	"strings"
)

// A Head keeps the first bytes that a process prints, and lets the rest go: whoever prints
// without end shall neither fill the memory nor wait for a reader.
type Head struct {
	Most int  // bytes that are kept
	More bool // there was a rest

	kept bytes.Buffer // no embedded one: its ReadFrom would take all
}

func (h *Head) Write(p []byte) (int, error) {
	room := h.Most - h.kept.Len()
	h.More = h.More || len(p) > room
	h.kept.Write(p[:min(len(p), room)])
	return len(p), nil
}

// Bytes are those that were kept.
func (h *Head) Bytes() []byte { return h.kept.Bytes() }

func (h *Head) String() string { return h.kept.String() }

// FirstLine is the first line of what a process complained of, without the space around.
func FirstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
