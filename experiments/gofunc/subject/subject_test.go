package subject

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type inner struct {
	name string
	at   *int
}

type outer struct {
	All   map[string][]inner
	Any   any
	Float float64
	raw   []byte
}

// drawn makes the same value from the same numbers, in memory of its own.
func drawn(numbers []int, text string) outer {
	o := outer{All: map[string][]inner{}, Any: text, raw: []byte(text)}
	for i, n := range numbers {
		o.Float += float64(n) / 3
		o.All[fmt.Sprint(n)] = append(o.All[fmt.Sprint(n)], inner{text[:min(i, len(text))], &n})
	}
	return o
}

func TestDigestsAreThoseOfValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 10).Draw(t, "numbers")
		text := rapid.StringN(0, 5, -1).Draw(t, "text")
		a, errA := digest(drawn(numbers, text))
		b, errB := digest(drawn(numbers, text))
		if errA != nil || errB != nil || a != b || a == Failure {
			t.Fatalf("the same value has the digests %d and %d (%v, %v)", a, b, errA, errB)
		}
		i := rapid.IntRange(0, len(numbers)-1).Draw(t, "i")
		numbers[i]++
		if c, err := digest(drawn(numbers, text)); err != nil || c == a {
			t.Fatalf("another value has the same digest %d (%v)", c, err)
		}
	})
}

func TestWhatHasNoDigest(t *testing.T) {
	type ring struct{ next *ring }
	r := &ring{}
	r.next = r
	for _, answer := range []any{make(chan int), func() {}, struct{ f func() }{}, map[string]any{"": func() {}}, r} {
		if _, err := digest(answer); err == nil {
			t.Errorf("%T has a digest", answer)
		}
	}
}

// told is what the program says to a question.
func told(t *testing.T, s Subject, q Question) (all []Answered) {
	t.Helper()
	var out bytes.Buffer
	if err := s.answer(q, json.NewEncoder(&out)); err != nil {
		t.Fatal(err)
	}
	for in := json.NewDecoder(&out); in.More(); {
		var a Answered
		if err := in.Decode(&a); err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func TestCallsAreTold(t *testing.T) {
	s := Answer(func(n int) (string, error) {
		switch n {
		case 1:
			return "", errors.New("no\n ones")
		case 4:
			panic(fmt.Errorf("no %d", n))
		}
		return fmt.Sprint(n % 2), nil
	})
	all := told(t, s, Question{Tasks: 4, Enough: time.Hour})
	if len(all) != 5 || all[4].Wall <= 0 {
		t.Fatalf("4 calls and an end: %+v", all)
	}
	if all[0].Answer != all[2].Answer || all[0].Answer == all[3].Answer {
		t.Errorf("answers: %+v", all)
	}
	if all[1].Answer != Failure || all[1].Failed != "no ones" {
		t.Errorf("the call that fails: %+v", all[1])
	}
	all = told(t, s, Question{Tasks: 10, Enough: time.Hour})
	last := all[len(all)-1]
	if len(all) != 5 || !strings.HasPrefix(last.Broken, "it panicked when called with 4: no 4 (") || !strings.Contains(last.Broken, "subject_test.go:") {
		t.Errorf("the call that panics: %+v", last)
	}
	if all := told(t, s, Question{Tasks: 4, Enough: 1}); len(all) != 2 {
		t.Errorf("one call is enough: %+v", all)
	}
	if all := told(t, Answer(func(int) (chan int, error) { return make(chan int), nil }), Question{Tasks: 1, Enough: 1}); len(all) != 1 || all[0].Broken == "" {
		t.Errorf("answers that cannot be compared: %+v", all)
	}
}

// Under every model that needs no process, right answers are taken, and others are not.
func TestTrialsCheckAnswers(t *testing.T) {
	calls := 0
	s := Answer(func(n int) (int, error) {
		if n == 5 && calls > 0 {
			return -1, nil
		}
		return n, nil
	})
	order := Order{Workers: 1, Tasks: 8}
	for _, a := range told(t, s, Question{Tasks: 8, Enough: time.Hour})[:8] {
		order.Answers = append(order.Answers, a.Answer)
	}
	for _, order.Model = range []string{"serial", "goroutine", "pool", "thread", "loop"} {
		for calls = range 2 {
			trial, err := s.prepare(order)
			if err != nil {
				t.Fatal(err)
			}
			m, err := trial.Measure()
			if (err != nil) != (calls > 0) {
				t.Errorf("%s, wrong %d: %v, %v", order.Model, calls, m, err)
			}
		}
	}
	order.Tasks = 7
	if _, err := s.prepare(order); err == nil {
		t.Error("7 tasks have 8 answers")
	}
	order.Model = "none"
	if _, err := s.prepare(order); err == nil {
		t.Error("there is a model none")
	}
}

func TestWhatFailsOnlyInATrialIsSaid(t *testing.T) {
	s := Context(func(_ context.Context, n int) error {
		if n == 2 {
			return errors.New("busy")
		}
		return nil
	})
	trial, err := s.prepare(Order{Model: "goroutine", Workers: 2, Tasks: 3, Answers: make([]uint64, 3), Unchecked: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trial.Measure(); err == nil || err.Error() != "called with 2 it returned an error, which alone it did not: busy" {
		t.Error(err)
	}
}

func ExampleUnchecked() {
	fmt.Println(Unchecked(7), Unchecked(Failure) == Failure)
	// Output: 0 true
}
