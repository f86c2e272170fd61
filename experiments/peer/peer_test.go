package peer_test

import (
	"fmt"
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/peer"
	"parcon/experiments/variant"
)

func TestPartIsTheProgramWithItsNames(t *testing.T) {
	v, err := variant.Parse("mechanism=knock/door=back/times=3")
	if err != nil {
		t.Fatal(err)
	}
	trial := card.Trial{Variant: v, Env: card.Env{Part: []string{"/bin/program", "child", "part"}}}
	c := peer.Part(trial, 2, "answer", "me")
	if got := strings.Join(c.Args, " "); got != "/bin/program child part knock answer me" {
		t.Errorf("it starts %s", got)
	}
	if got := strings.Join(c.Env, " "); got != "GOGC=100 GOMAXPROCS=2" {
		t.Errorf("its environment is %s", got)
	}
}

func ExamplePart() {
	t := card.Trial{Variant: card.Of("knock", "door", "back"), Env: card.Env{Part: []string{"/bin/part"}}}
	fmt.Println(peer.Part(t, 1, "answer"))
	// Output: /bin/part knock answer
}
