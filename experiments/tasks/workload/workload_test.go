package workload_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parcon/experiments/tasks/workload"
)

func params(t *testing.T, name string) workload.Params {
	return workload.Params{
		Name: name, Size: 50, Share: 50, Delay: time.Millisecond, Dir: t.TempDir(),
	}
}

func TestEveryWorkloadAnswersTheSameTwice(t *testing.T) {
	for _, w := range workload.All {
		t.Run(w.Name, func(t *testing.T) {
			p := params(t, w.Name)
			a, err := w.New(p)
			if err != nil {
				t.Fatal(err)
			}
			b, err := w.New(p)
			if err != nil {
				t.Fatal(err)
			}
			var answers []uint64
			for seed := range uint64(workload.Seeds) {
				first, err1 := a(seed)
				second, err2 := b(seed)
				if err1 != nil || err2 != nil || first != second {
					t.Fatalf("seed %d: %d, %v and %d, %v", seed, first, err1, second, err2)
				}
				answers = append(answers, first)
			}
			slices.Sort(answers)
			if len(slices.Compact(answers)) != workload.Seeds {
				t.Fatalf("two seeds share an answer: a task done for another would pass: %d", answers)
			}
		})
	}
}

// The reference for primes is a sieve: another algorithm, same sum. The second range goes
// over the last number and begins again.
func TestPrimesAreAllAndOnlyThePrimes(t *testing.T) {
	const first, last = 1_000_001, 1_000_001 + 2<<20
	composite := make([]bool, last)
	for d := 2; d*d < last; d++ {
		for m := d * d; m < last; m += d {
			composite[m] = true
		}
	}
	w, err := workload.Find(workload.All, "primes")
	if err != nil {
		t.Fatal(err)
	}
	for seed, size := range map[uint64]int{3: 500, 104_857: 10} {
		task, err := w.New(workload.Params{Size: size})
		if err != nil {
			t.Fatal(err)
		}
		want, n := seed, first+2*int(seed)*size%(last-first)
		for range size {
			if !composite[n] {
				want += uint64(n)
			}
			if n += 2; n == last {
				n = first
			}
		}
		if got, _ := task(seed); got != want {
			t.Errorf("sum of primes %d, want %d", got, want)
		}
	}
}

func TestTasksRunAtOnce(t *testing.T) {
	for _, name := range []string{"hash", "file"} {
		w, err := workload.Find(workload.All, name)
		if err != nil {
			t.Fatal(err)
		}
		task, err := w.New(params(t, name))
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error)
		for i := range 40 {
			go func() {
				want, err := task(workload.Seed(i))
				if err == nil {
					var got uint64
					if got, err = task(workload.Seed(i)); err == nil && got != want {
						err = fmt.Errorf("answers %d and %d", want, got)
					}
				}
				errs <- err
			}()
		}
		for range 40 {
			if err := <-errs; err != nil {
				t.Error(name, err)
			}
		}
	}
}

func TestErrorsNameTheThing(t *testing.T) {
	w, _ := workload.Find(workload.All, "file")
	task, err := w.New(workload.Params{Dir: "/no/such/folder"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := task(0); err == nil {
		t.Error("a file was written to a folder that does not exist")
	}
	if _, err := workload.Find(workload.All, "prims"); err == nil {
		t.Error("prims was found")
	}
	m, _ := workload.Find(workload.All, "mix")
	if _, err := m.New(workload.Params{Share: 101}); err == nil {
		t.Error("a CPU share of 101 % was taken")
	}
}

func FuzzParseArgs(f *testing.F) {
	f.Add("primes", "12", "0", "1000", "/tmp", "127.0.0.1:80")
	f.Fuzz(func(t *testing.T, name, size, share, delay, dir, addr string) {
		p, err := workload.ParseArgs([]string{name, size, share, delay, dir, addr})
		if err != nil {
			return
		}
		again, err := workload.ParseArgs(p.Args())
		if err != nil || again != p {
			t.Fatalf("%+v came back as %+v, %v", p, again, err)
		}
	})
}

func Example() {
	w, _ := workload.Find(workload.All, "primes")
	task, _ := w.New(workload.Params{Size: 10}) // 1000001, 1000003 ... 1000019
	sum, err := task(0)
	fmt.Println(sum, err)
	// Output: 1000003 <nil>
}
