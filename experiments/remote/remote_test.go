package remote_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/experiments/remote"
	"parcon/runner/usage"
)

func TestEachIsOfATask(t *testing.T) {
	u := remote.Usages{Server: usage.Usage{User: 3000, System: 1000}, Master: usage.Usage{User: 2000}, Workers: usage.Usage{System: 8000}}
	want := map[string]float64{remote.UnitServer: 1000, remote.UnitMaster: 500, remote.UnitWorkers: 2000}
	if got := u.Each(4); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := u.All().CPU(); got != 14000 {
		t.Errorf("all consumed %v", got)
	}
	if got := u.Since(u).All().CPU(); got != 0 {
		t.Errorf("since now they consumed %v", got)
	}
}

func TestAProgramThatIsNotThereIsNamed(t *testing.T) {
	_, err := remote.Start(remote.Options{Program: []string{"/not/there"}, Workers: 1})
	if err == nil {
		t.Error("it is started")
	}
}

// A line that is no order is an error, whatever it is.
func TestAnOrderIsReadOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.String().Draw(t, "line")
		if o, err := remote.ReadOrder(line); err != nil && !reflect.DeepEqual(o, remote.Order{}) {
			t.Errorf("%q: %+v with %v", line, o, err)
		}
	})
}

func ExampleReadOrder() {
	o, err := remote.ReadOrder(`{"Key":"a-key","URL":"nats://127.0.0.1:4222","Prefetch":4,"Patience":1000000000}`)
	fmt.Println(o.Prefetch, o.Patience == time.Second, err)
	// Output: 4 true <nil>
}
