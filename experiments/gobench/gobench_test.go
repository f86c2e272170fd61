package gobench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"parcon/experiments/child"
	"parcon/experiments/tasks/workload"
)

// The test binary is what it starts.
func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

func side(answer uint64) Side {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	answers := make([]uint64, workload.Seeds)
	for i := range answers {
		answers[i] = answer
	}
	return Side{
		Order: child.Order{
			Variant: "workload=hash/model=serial", Tasks: 1, Answers: answers,
			Setting: child.Setting{Sizes: map[string]int{"hash": 1}},
		},
		Count:   3,
		Length:  time.Millisecond,
		Program: []string{self},
	}
}

// rightAnswers are those of the workload that the tests use.
func rightAnswers(s Side) []uint64 {
	_, _, task, err := s.Order.Task()
	if err != nil {
		panic(err)
	}
	answers := make([]uint64, workload.Seeds)
	for seed := range answers {
		if answers[seed], err = task(uint64(seed)); err != nil {
			panic(err)
		}
	}
	return answers
}

func TestMeasureGivesAsManySamplesAsAsked(t *testing.T) {
	s := side(0)
	s.Order.Answers = rightAnswers(s)
	samples, err := s.Measure(t.Context(), 1)
	if err != nil || len(samples) != s.Count {
		t.Fatalf("%v, %v", samples, err)
	}
	for _, ns := range samples {
		if !(ns > 0) {
			t.Errorf("samples %v", samples)
		}
	}
}

func TestMeasureSaysWhatIsWrong(t *testing.T) {
	wrong := side(0)
	wrong.Order.Answers = rightAnswers(wrong)
	wrong.Order.Answers[0]++
	unknown := side(0)
	unknown.Order.Variant = "workload=nothing/model=serial"
	few := side(0)
	few.Order.Answers = few.Order.Answers[:1]
	missing := side(0)
	missing.Program = []string{"/no/such/program"}
	for name, c := range map[string]struct {
		side Side
		want string
	}{
		"a wrong answer":      {wrong, "wrong answer to seed 0"},
		"an unknown workload": {unknown, `workload "nothing" is not known`},
		"too few answers":     {few, "1 right answers, want"},
		"no program":          {missing, "starting a process of the usual way"},
	} {
		if _, err := c.side.Measure(t.Context(), 1); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMeasureEndsWithItsContext(t *testing.T) {
	s := side(0)
	s.Order.Answers = rightAnswers(s)
	s.Length = time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := s.Measure(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func ExampleSide_Measure() {
	s := side(0)
	s.Order.Answers = rightAnswers(s)
	samples, err := s.Measure(context.Background(), 1)
	fmt.Println(len(samples), err)
	// Output: 3 <nil>
}
