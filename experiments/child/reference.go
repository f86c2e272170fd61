package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/tasks"
	"parcon/experiments/tasks/workload"
	"parcon/experiments/variant"
)

// A Question asks for the reference of some workloads, each named as in a
// variant ("workload=mix/cpu=25"): the first line on a reference child's
// standard input, as JSON. Workloads that Setting.Sizes has no size for are
// calibrated.
type Question struct {
	Workloads []string
	Setting   Setting
}

// An Answer is what the reference child prints: the sizes, and for each
// workload the right answer for every seed, computed serially.
type Answer struct {
	Sizes   map[string]int
	Answers map[string][]uint64
}

func runReference(stdin io.Reader, out io.Writer) error {
	var q Question
	if err := receive(bufio.NewReader(stdin), &q); err != nil {
		return err
	}
	sizes := map[string]int{}
	for name, size := range q.Setting.Sizes {
		sizes[name] = size
	}
	q.Setting.Sizes = sizes
	a := Answer{sizes, map[string][]uint64{}}
	for _, name := range q.Workloads {
		answers, err := q.Setting.reference(name)
		if err != nil {
			return fmt.Errorf("computing the reference of %s: %w", name, err)
		}
		a.Answers[name] = answers
	}
	return send(out, a)
}

// reference returns the answers of one workload, after calibrating it if
// s.Sizes does not know it.
func (s Setting) reference(name string) ([]uint64, error) {
	v, err := variant.Parse(name)
	if err != nil {
		return nil, err
	}
	w, err := workload.Find(Workloads, v.Get("workload"))
	if err != nil {
		return nil, err
	}
	share, err := v.Int("cpu", 50)
	if err != nil {
		return nil, err
	}
	length, err := tasks.Duration(v, "length")
	if err != nil {
		return nil, err
	}
	python := card.Python(v.Get("python"))
	if size := sizeOf(w.Name, python); w.Sized && s.Sizes[size] == 0 {
		if s.Sizes[size], err = s.calibrate(w, python); err != nil {
			return nil, err
		}
	}
	_, params, err := s.params(w.Name, python, share, length)
	if err != nil {
		return nil, err
	}
	task, err := w.New(params)
	if err != nil {
		return nil, err
	}
	answers := make([]uint64, workload.Seeds)
	for seed := range answers {
		if answers[seed], err = task(uint64(seed)); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

// calibrate finds it for Go or for a Python.
func (s Setting) calibrate(w workload.Workload, python card.Python) (int, error) {
	length := s.length(w.Kind)
	if python == "" {
		return calibrate(w, s.Dir, length)
	}
	p := workload.Params{Name: w.Name, Size: 1, Share: 100, Dir: s.Dir}
	c, err := s.python(python).StartCrew(context.Background(), "serial", 1, false, p.Args()...)
	if err != nil {
		return 0, err
	}
	size, err := c.Calibrate(length)
	return size, errors.Join(err, c.Close())
}

// calibrate finds the size at which a task of w computes for length.
func calibrate(w workload.Workload, dir string, length time.Duration) (int, error) {
	size := 1
	for times := 1; ; {
		took, err := fastest(w, workload.Params{Name: w.Name, Size: size, Share: 100, Dir: dir}, times)
		if err != nil {
			return 0, err
		}
		step := float64(length) / float64(max(took, 1))
		switch {
		case times == sureTimes: // near enough: one more proportional step lands within the noise
			return max(1, int(float64(size)*step)), nil
		case took > length/2:
			times, size = sureTimes, max(1, int(float64(size)*step))
		default:
			size = max(size+1, int(float64(size)*min(16, 0.9*step)))
		}
	}
}

// sureTimes is how often each task runs for the size that counts. A core that is shared
// with something for the time of a few tasks made them a third too short.
const sureTimes = 6

// fastest is the least time that a task of that sort took, of some that each ran so often: the
// one least disturbed by others.
func fastest(w workload.Workload, p workload.Params, times int) (time.Duration, error) {
	task, err := w.New(p)
	if err != nil {
		return 0, err
	}
	least := time.Duration(1<<63 - 1)
	for seed := range uint64(times * workload.Seeds) {
		start := time.Now()
		if _, err := task(seed % workload.Seeds); err != nil {
			return 0, err
		}
		least = min(least, time.Since(start))
	}
	return least, nil
}
