package procpool

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLastWords(t *testing.T) {
	for said, want := range map[string]string{
		"":                              "",
		"\n\n":                          "",
		"starting\nno disk\n\n":         "no disk",
		"starting\nno disk":             "no disk",
		"log\npanic: boom\n\ngoroutine": "panic: boom",
		"fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1\n": "fatal error: all goroutines are asleep - deadlock!",
		"SIGSEGV: segmentation violation\nPC=0x46\n":                          "SIGSEGV: segmentation violation",
		"panic: first\npanic: second\n":                                       "panic: first",
		strings.Repeat("long", 1000):                                          strings.Repeat("long", maxWords/4),
	} {
		var on bytes.Buffer
		l := &lastWords{on: &on}
		for i := range len(said) { // in the smallest pieces
			_, _ = l.Write([]byte(said[i : i+1]))
		}
		if got := l.String(); got != want || on.String() != said {
			t.Errorf("%q: %q, handed on %q, want %q", said, got, on.String(), want)
		}
	}
}

// However it arrives, it is one line that was said.
func TestLastWordsOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.StringMatching(`(panic: )?[a-z \n]{0,300}`)).Draw(t, "pieces")
		l := &lastWords{}
		for _, p := range pieces {
			_, _ = l.Write([]byte(p))
		}
		whole := &lastWords{}
		_, _ = whole.Write([]byte(strings.Join(pieces, "")))
		got := l.String()
		if got != whole.String() || strings.Contains(got, "\n") || len(got) > maxWords || !strings.Contains(strings.Join(pieces, ""), got) {
			t.Fatalf("%q, at once %q", got, whole.String())
		}
	})
}
