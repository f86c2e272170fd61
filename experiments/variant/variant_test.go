package variant_test

import (
	"fmt"
	"testing"

	"parcon/experiments/variant"
)

func FuzzParse(f *testing.F) {
	f.Add("workload=primes/model=gil/workers=4")
	f.Add("a=b=c")
	f.Add("/")
	f.Fuzz(func(t *testing.T, name string) {
		v, err := variant.Parse(name)
		if err != nil {
			return
		}
		if v.String() != name {
			t.Fatalf("Parse(%q).String() = %q", name, v)
		}
	})
}

func TestParseNamesThePartThatIsWrong(t *testing.T) {
	for name, want := range map[string]string{
		"workload":              `variant "workload": part "workload" is not of the form key=value`,
		"workload=primes/":      `variant "workload=primes/": part "" is not of the form key=value`,
		"workers=1/workers=2":   `variant "workers=1/workers=2": key "workers" stands there twice`,
		"workload=two words":    `variant "workload=two words": part "workload=two words" is not of the form key=value`,
		"workload=primes/=gil":  `variant "workload=primes/=gil": part "=gil" is not of the form key=value`,
		"workload=primes/gil=":  `variant "workload=primes/gil=": part "gil=" is not of the form key=value`,
		"workload=primes/a=b=c": `variant "workload=primes/a=b=c": part "a=b=c" is not of the form key=value`,
	} {
		if _, err := variant.Parse(name); err == nil || err.Error() != want {
			t.Errorf("Parse(%q): %v, want %s", name, err, want)
		}
	}
}

func TestWithLeavesTheOriginalAlone(t *testing.T) {
	a := variant.New("workload", "primes", "model", "gil")
	b := a.With("model", "loop").With("workers", "2")
	if a.String() != "workload=primes/model=gil" || b.String() != "workload=primes/model=loop/workers=2" {
		t.Fatalf("a = %s, b = %s", a, b)
	}
	if c := b.Without("model"); c.String() != "workload=primes/workers=2" || b.Get("model") != "loop" {
		t.Fatalf("b = %s, c = %s", b, c)
	}
}

func Example() {
	v := variant.New("workload", "primes", "model", "gil").With("workers", "4")
	workers, _ := v.Int("workers", 1)
	fmt.Println(v, workers)
	// Output: workload=primes/model=gil/workers=4 4
}
