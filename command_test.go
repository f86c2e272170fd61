package main

import (
	"strings"
	"testing"
)

// A command that prints without end costs no more memory than an answer may have.
func TestAnAnswerOfACommandIsBounded(t *testing.T) {
	for script, want := range map[string]string{
		"echo hello":                             "",
		"head -c 20000000 /dev/zero":             "it printed more than 524288 bytes",
		"echo one >&2; echo two >&2; exit 3":     "exit status 3: one",
		"head -c 20000000 /dev/zero >&2; exit 4": "exit status 4: \x00",
		"sleep 2 & echo done; kill -9 $$":        "signal: killed",
	} {
		handle, err := commandHandler([]string{"sh", "-c", script})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := handle(t.Context(), nil)
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %q, want %q", script, err, want)
		}
		if len(answer) > mostPrinted || err != nil && len(err.Error()) > 4200 {
			t.Errorf("%s: an answer of %d bytes", script, len(answer))
		}
	}
	if _, err := commandHandler([]string{""}); err == nil {
		t.Error("an empty command is run")
	}
}
