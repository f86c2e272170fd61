package cpython

import "strings"

// maxTail is how many of the last bytes are kept of what a child writes: one in
// trouble may complain without end.
const maxTail = 16 << 10

// A tail keeps the end of what is written to it.
type tail struct{ kept []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - maxTail; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return len(p), nil
}

// lastLine is the last line with something on it: where Python's tracebacks
// name the error. It is "" if there is none.
func (t *tail) lastLine() string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(t.kept), "?"))
	return strings.TrimSpace(text[strings.LastIndexAny(text, "\r\n")+1:])
}
