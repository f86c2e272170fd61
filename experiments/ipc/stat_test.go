package ipc

import "testing"

func TestEndedStat(t *testing.T) {
	const rest = " 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 "
	for text, want := range map[string]bool{
		"7 (name) Z" + rest + "1 0 0":      true,
		"7 (name) X" + rest + "1 0 0":      true,
		"7 (name) Z" + rest + "0 0 0":      true,
		"7 (name) Z" + rest + "3 0 0":      false, // only its first thread has ended
		"7 (name) S" + rest + "1 0 0":      false,
		"7 (a) Z 1 (b) S" + rest + "1 0 0": false,
		"7 (name) Z" + rest + "x 0 0":      false,
		"7 (name) Z":                       false,
		"":                                 false,
	} {
		if got := endedStat([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzEndedStat(f *testing.F) {
	f.Add([]byte("7 (name) Z 1 2 3"))
	f.Fuzz(func(_ *testing.T, stat []byte) { endedStat(stat) })
}
