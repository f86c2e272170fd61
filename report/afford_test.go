package report

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/variant"
	"parcon/report/stat"
	"parcon/results"
)

// Where there is no time for all, the time decides what it can, and does not bring all claims
// near a verdict; where there is, the plan is that of a run without an end.
func TestTimeThatIsTooShortDecidesWhatItCan(t *testing.T) {
	s := card.Scale{Cores: testCores, Pythons: []card.Python{"3.12.1"}}
	all := casesOf(chapters.All, s)
	follow := func(budget time.Duration) *Follower {
		f := Follow(catalogue(), chapters.All, s, 0, 7, true)
		f.Budget = budget
		return f
	}
	// A trial takes 40 to 180 ms, and the next one begins when it has ended.
	run := func(budget time.Duration) []results.Result {
		now := 0.0
		return simulated(t, follow(budget), all, 300, func(v variant.Variant) map[string]float64 {
			values := maps.Clone(textbook(v))
			life := 0.04 + 0.01*float64(len(v.String())%15)
			values["start-unix-s"], values["life-ns"] = now, life*1e9
			now += life
			return values
		})
	}
	// decided is how many claims are when so much time is over.
	decided := func(trials []results.Result, after time.Duration) int {
		n := 0
		for n < len(trials) && trials[n].Values["start-unix-s"] < after.Seconds() {
			n++
		}
		f := follow(0)
		f.Rest(trials[n-1].Round+1, trials[:n])
		told, _ := f.Decided()
		return len(told)
	}
	whole := run(0)
	took := time.Duration(whole[len(whole)-1].Values["start-unix-s"] * 1e9)
	for share, gain := range map[float64]int{0.3: 15, 0.5: 20, 0.6: 0} {
		budget := time.Duration(share * float64(took))
		without, with := decided(whole, budget), decided(run(budget), budget)
		t.Logf("%d claims are decided in %.0f %% of the time that all take, %d without looking at it", with, 100*share, without)
		if with < without+gain {
			t.Errorf("%d claims are decided in %.0f %% of the time, %d without looking at it", with, 100*share, without)
		}
	}
	if diff := cmp.Diff(slots(whole), slots(run(2*took))); diff != "" {
		t.Error("with time enough the plan is another one: ", diff)
	}
}

// A round that falls otherwise takes no time away from a claim that there is time for.
func TestTimeThatIsEnoughIsForAll(t *testing.T) {
	s := card.Scale{Cores: testCores}
	all := casesOf(chapters.All, s)
	run := func(budget time.Duration) []results.Result {
		f := Follow(catalogue(), chapters.All, s, 0, 2, false)
		f.Budget = budget
		random := rand.New(rand.NewPCG(1, 2))
		now := 0.0
		return simulated(t, f, all, 16, func(v variant.Variant) map[string]float64 {
			values := maps.Clone(textbook(v))
			values["ns/op"] *= math.Exp(0.3 * random.NormFloat64())
			values["start-unix-s"], values["life-ns"] = now, 5e7
			now += 0.05
			return values
		})
	}
	if diff := cmp.Diff(slots(run(0)), slots(run(1000*time.Hour))); diff != "" {
		t.Error(diff)
	}
}

// What refutes a claim decides it: the price is that of the comparison that speaks loudest
// against it, whatever others find, and it is as sure as that one.
func TestAClaimThatIsRefutedCostsWhatRefutesItTakes(t *testing.T) {
	faster := func(model string) card.Comparison {
		return card.Is(card.Throughput, cell("primes", model, 2), card.More, cell("primes", "serial", 1))
	}
	claim := card.Claim{ID: "X1", Text: "all are faster", Comparisons: []card.Comparison{faster("goroutine"), faster("gil")}}
	text := "cores: 2\n\n"
	for round := range 9 {
		for variant, ns := range map[string]float64{"serial/workers=1": 10, "goroutine/workers=2": 5, "gil/workers=2": 11} {
			text += fmt.Sprintf("BenchmarkCompute/workload=primes/model=%s 1 %v ns/op %d round\n", variant, ns, round)
		}
	}
	before := judge(read(t, "cores: 2\n\n"), []asked{{"compute", claim, false}}, 1480)[0]
	for name, n := range before.rounds(before.fewest) {
		if n != float64(stat.Least(1480)) {
			t.Errorf("before the first round %s needs %v", name, n)
		}
	}
	j := judge(read(t, text), []asked{{"compute", claim, false}}, 1480)[0]
	if j.Verdict != Undecided {
		t.Fatalf("after 9 rounds: %s", j.Verdict)
	}
	costs := map[string]float64{}
	for name, n := range j.rounds(j.fewest) {
		if costs[name] = 1; n < 2 || n > 5 {
			t.Errorf("%s: %v further rounds", name, n)
		}
	}
	if len(costs) != 3 {
		t.Errorf("it needs %v", costs)
	}
	if p := pricedOf([]Judged{j}, costs)[0]; !p.sure || p.price > 15 {
		t.Errorf("sure: %v, price: %v", p.sure, p.price)
	}
}

func slots(trials []results.Result) (all []results.Slot) {
	for _, r := range trials {
		all = append(all, r.Slot)
	}
	return all
}
