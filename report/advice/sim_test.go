package advice_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"parcon/report/advice"
)

// A world is a command with a known law on a machine with two cores.
type world struct {
	name   string
	rate   func(w int) float64 // tasks in a second
	busy   func(w int) float64 // cores that it has work for
	others float64             // programs beside it that compute
	fails  int                 // more workers than these fail; 0: none do
	limit  string
	most   int
}

const cores = 2.0

func computing(w int) float64 { return 10 * min(cores, float64(w)) }

var worlds = []world{
	{name: "computing", rate: computing, busy: func(w int) float64 { return min(cores, float64(w)) }, limit: advice.CPU},
	{name: "computing beside another", rate: computing, busy: func(w int) float64 { return min(cores, float64(w)) }, others: 1, limit: advice.CPU},
	{name: "sleeping", rate: func(w int) float64 { return 10 * float64(w) }, busy: func(w int) float64 { return 0.01 * float64(w) }, limit: advice.Most},
	{name: "a share under a lock", rate: func(w int) float64 { return min(10*float64(w), 10/0.3) }, busy: func(w int) float64 { return 0.02 * float64(w) }, limit: advice.Lock},
	{name: "Amdahl's law, waiting", rate: func(w int) float64 { return 10 / (0.3 + 0.7/float64(w)) }, busy: func(w int) float64 { return 0.02 * float64(w) }},
	{name: "slower beyond 2", rate: func(w int) float64 { return 10 * []float64{0, 1, 1.8, 1.4, 1.1}[min(w, 4)] }, busy: func(int) float64 { return 0.5 }, limit: advice.Lock},
	{name: "failing beyond 3", rate: func(w int) float64 { return 10 * float64(w) }, busy: func(int) float64 { return 0.1 }, fails: 3, limit: advice.Failures},
	{name: "all under one lock", rate: func(int) float64 { return 10 }, busy: func(int) float64 { return 0.1 }, limit: advice.Lock},
}

// trial is one of w workers: what others hold, noise, and now and then a disturbance.
func (x world) trial(round, w int, spread float64, random *rand.Rand) advice.Trial {
	t := advice.Trial{Round: round, Workers: w, Others: x.others, Left: math.NaN(), Peak: math.NaN()}
	if x.fails > 0 && w > x.fails {
		return advice.Trial{Round: round, Workers: w, Failed: "exit status 1: too many"}
	}
	wanted := x.busy(w)
	got := wanted
	if x.others > 0 { // all that compute share the cores alike
		got = min(wanted, cores*float64(w)/(float64(w)+x.others))
		t.Others = min(x.others, cores-got)
	}
	t.Rate = x.rate(w) * got / wanted * math.Exp(spread*random.NormFloat64())
	if random.IntN(20) == 0 {
		t.Rate /= 1 + random.Float64()
	}
	t.Busy, t.CPU = got, got/t.Rate
	t.Took = float64(w) / t.Rate
	t.Delay = max(0, t.Took-t.CPU*t.Took*t.Rate/max(wanted, 0.001)) * min(1, wanted/float64(w))
	return t
}

// ask runs rounds as the command does, as long as there is something to find out, and at most
// so many.
func (x world) ask(rounds int, spread float64, seed uint64) (advice.Advice, int) {
	random := rand.New(rand.NewPCG(seed, 1))
	s := advice.Setting{Cores: cores, Most: 64}
	if x.most > 0 {
		s.Most = x.most
	}
	var trials []advice.Trial
	n := 0
	for ; n < rounds; n++ {
		next := advice.Next(s, trials)
		if len(next) == 0 {
			break
		}
		for _, w := range next {
			trials = append(trials, x.trial(n, w, spread, random))
		}
	}
	return advice.Of(s, trials), n
}

// gain is what the best of the larger numbers truly brings over one.
func (x world) gain(than int) float64 {
	best := 0.0
	for w := than + 1; w <= 64 && (x.fails == 0 || w <= x.fails); w++ {
		best = max(best, x.rate(w)/x.rate(than))
	}
	return best
}

// right says whether a number is an answer: larger ones bring little, and smaller ones, but for
// the next, are worse.
func (x world) right(w int, sure bool) bool {
	allowed := 1.1
	if sure {
		allowed = 1.025
	}
	return x.gain(w) < allowed && (x.fails == 0 || w <= x.fails) && (w == 1 || x.gain(w*7/8) > 1.001)
}

// The advice is right in 19 of 20 runs under a known law, and says so where it can't tell.
func TestKnownLaws(t *testing.T) {
	for _, x := range worlds {
		for _, spread := range []float64{0.005, 0.02, 0.05} {
			right, sure, doubt, rounds, trials := 0, 0, 0, 0, 0
			const runs = 40
			for seed := range uint64(runs) {
				a, n := x.ask(40, spread, seed)
				rounds += n
				for _, p := range a.Points {
					trials += p.Trials
				}
				ok := x.right(a.Workers, a.Sure) || len(a.Or) > 0 && slices.ContainsFunc(a.Or, func(w int) bool { return x.right(w, false) })
				if ok && (x.limit == "" || a.Limit.Name == x.limit || len(a.Or) > 0 && (a.Limit.Name == advice.NotKnown || a.Limit.Name == advice.Most)) {
					right++
				} else {
					t.Logf("%s, noise %v, seed %d: %s", x.name, spread, seed, a)
				}
				if a.Sure {
					sure++
				}
				if len(a.Or) > 0 {
					doubt++
				}
			}
			t.Logf("%s, noise %v: %d of %d right, %d sure, %d in doubt, %.1f rounds, %.1f trials", x.name, spread, right, runs, sure, doubt, float64(rounds)/runs, float64(trials)/runs)
			if right < runs*19/20 {
				t.Errorf("%s, noise %v: %d of %d are right", x.name, spread, right, runs)
			}
		}
	}
}
