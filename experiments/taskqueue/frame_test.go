package taskqueue

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAnswersComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		worker := rapid.String().Draw(t, "worker")
		frame, want := appendWorker(nil, 5, worker), []Answer{}
		for range rapid.IntRange(0, 20).Draw(t, "answers") {
			a := Answer{
				Task: rapid.IntRange(0, 1<<50).Draw(t, "task"), Times: rapid.IntRange(0, 100).Draw(t, "times"), Worker: worker,
				Fault: rapid.String().Draw(t, "fault"), Body: rapid.SliceOf(rapid.Byte()).Draw(t, "body"),
			}
			if a.Fault != "" {
				a.Body = nil
			}
			frame = appendAnswer(frame, a.Task, a.Times, a.Body, a.Fault)
			want = append(want, a)
		}
		got := []Answer{}
		if err := parseAnswers(frame, 5, func(a Answer) { got = append(got, a) }); err != nil {
			t.Fatal(err)
		}
		same := func(a, b Answer) bool {
			return a.Task == b.Task && a.Times == b.Times && a.Worker == b.Worker && a.Fault == b.Fault && bytes.Equal(a.Body, b.Body)
		}
		if !slices.EqualFunc(got, want, same) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// Whatever comes from a network must not panic, nor go on for ever.
func FuzzFrames(f *testing.F) {
	f.Add(appendAnswer(appendWorker(nil, 5, "host:1"), 7, 1, []byte("seven"), ""))
	f.Add(appendAnswer(appendWorker(nil, 5, ""), 7, 1, nil, "no"))
	f.Add(appendTask(nil, 5, 3, []byte("three")))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(t *testing.T, frame []byte) {
		n := 0
		err := parseAnswers(frame, 5, func(a Answer) {
			n++
			if a.Task < 0 || a.Times < 0 || a.Fault != "" && a.Body != nil {
				t.Errorf("%+v", a)
			}
		})
		if n > len(frame) {
			t.Errorf("%d answers of %d bytes", n, len(frame))
		}
		if len(frame) == 0 && err == nil {
			t.Error("nothing is a message of answers")
		}
		if job, number, body, err := parseTask(frame); err == nil && !bytes.Equal(appendTask(nil, job, number, body), frame) {
			t.Errorf("task %d, %q is not what it was read from", number, body)
		}
	})
}

func TestAnswersOfAnotherJobAreNoAnswers(t *testing.T) {
	frame := appendAnswer(appendWorker(nil, 6, "host:1"), 7, 1, []byte("seven"), "")
	if err := parseAnswers(frame, 5, func(a Answer) { t.Errorf("%+v", a) }); err != nil {
		t.Error(err)
	}
}

func TestASetHoldsWhatWasAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b bitset
		added := map[int]bool{}
		for _, n := range rapid.SliceOf(rapid.IntRange(0, 1000)).Draw(t, "numbers") {
			b.add(n)
			added[n] = true
		}
		for n := range 1100 {
			if b.has(n) != added[n] {
				t.Errorf("%d: %v, want %v", n, b.has(n), added[n])
			}
		}
	})
}
