package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/tasks/model"
	"parcon/experiments/variant"
	"parcon/report/chart"
	"parcon/report/stat"
)

const testCores = 2

// catalogue is the one that parcon has.
func catalogue() Catalogue {
	c := Catalogue{Chapters: chapters.All, Mapping: map[string]string{}}
	for _, m := range model.All {
		c.Models = append(c.Models, m.Name)
		c.Mapping[m.Name] = m.Mapping
	}
	return c
}

// claimIDs are those of the whole catalogue, in the order of a report.
var claimIDs = func() []string {
	var ids []string
	for _, c := range chapters.All {
		for _, claim := range c.Claims(card.Scale{Cores: testCores}) {
			ids = append(ids, claim.ID)
		}
	}
	slices.SortFunc(ids, catalogue().byID())
	return ids
}()

// world makes a result file of a simulated machine: each trial of a variant
// takes what cost says, times noise.
func world(rounds int, noise float64, cost func(v variant.Variant) map[string]float64) string {
	return worldOf(card.Scale{Cores: testCores, Pythons: []card.Python{"3.12.1"}}, rounds, noise, cost)
}

func worldOf(scale card.Scale, rounds int, noise float64, cost func(v variant.Variant) map[string]float64) string {
	random := rand.New(rand.NewPCG(1, 2))
	var w strings.Builder
	fmt.Fprintf(&w, "goos: linux\ncores: %d\nseed: 1\npython: CPython 3.12.1\n\n", testCores)
	cases := make([][]card.Case, len(chapters.All))
	for i, e := range chapters.All {
		cases[i] = e.Cases(scale)
	}
	for round := range rounds {
		for k, e := range chapters.All {
			for i, c := range cases[k] {
				values := cost(c.Variant)
				if values == nil {
					continue // it was not measured
				}
				fmt.Fprintf(&w, "Benchmark%s/%s %d", card.Title(e.Name), c.Variant, c.Tasks)
				for _, unit := range slices.Sorted(maps.Keys(values)) {
					v := values[unit]
					if !counted[unit] {
						v *= math.Exp(noise * random.NormFloat64())
					}
					fmt.Fprintf(&w, " %g %s", v, unit)
				}
				fmt.Fprintf(&w, " %d round %d position\n", round, i)
			}
		}
	}
	return w.String()
}

// oneAtATime are the models that use one core.
var oneAtATime = []string{"serial", "gil", "gil-lock", "loop", "coroutine", "cpython-serial", "cpython-thread", "cpython-asyncio"}

// textbook is a machine on which every claim is true, and the numbers of the grid fit
// together: waiting scales with workers, computing with cores, one-core models compute
// as serial code does, and processes cost more.
func textbook(v variant.Variant) map[string]float64 {
	if card.Names(v) {
		return believed(v)
	}
	workers, _ := v.Int("workers", 1)
	model, work := v.Get("model"), v.Get("workload")
	share, _ := v.Int("cpu", 100)
	if strings.Contains("sleep file network http", work) {
		share = 0
	}
	cores := testCores
	if slices.Contains(oneAtATime, model) {
		cores = 1
	}
	if work == "block" { // stops who runs on one thread
		share = 0
		if model == "coroutine" {
			workers = 1
		}
	}
	compute := 1e6 * float64(share) / 100 / float64(min(workers, cores))
	wait := 1e6 * float64(100-share) / 100 / float64(workers)
	memory, cpu := 8e6+2e4*float64(workers), 1e4
	switch model {
	case "process-pool":
		memory, cpu = 7e6*float64(workers+1), 2e4
	case "loop":
		memory = 5e6
	}
	ns := max(compute, wait)
	if v.Get("length") != "" && model == "process" {
		ns *= 2
	}
	return map[string]float64{
		"ns/op": ns, "cpu-ns/op": cpu, "peak-rss-bytes": memory, "ctxsw/op": 1,
		"cores-busy": min(float64(cores), compute*float64(cores)/ns), "in-flight": float64(workers),
		"max-in-flight": float64(workers), "p99-ns": ns, "max-ns": ns, "steal-ns": 0,
	}
}

func read(t testing.TB, text string) *Table {
	t.Helper()
	table, err := Read(strings.NewReader(text), "test", catalogue())
	if err != nil || len(table.Bad) > 0 {
		t.Fatalf("reading a simulated file: %v, %v", err, table.Bad)
	}
	return table
}

func verdicts(t testing.TB, text string) map[string]Judged {
	all := map[string]Judged{}
	for _, j := range newPage(read(t, text)).judged {
		all[j.ID] = j
	}
	return all
}

func TestEveryClaimHoldsInATextbookWorld(t *testing.T) {
	got := verdicts(t, world(160, 0.002, believed))
	for _, id := range claimIDs {
		if j := got[id]; j.Verdict != Holds {
			t.Errorf("%s: %s, decided by %s: %s, want %s: are its bounds in the way of another claim's?", id, j.Verdict, j.Deciding.Name, j.Deciding.found(), demand(j.Deciding.Comparison))
		}
	}
	if len(got) != len(claimIDs) {
		t.Errorf("%d claims were judged, want %d", len(got), len(claimIDs))
	}
}

// oneCore is a world in which one core does everything, and a GIL is not let go while
// waiting. Whoever runs at once pays a little for it, most for processes.
func oneCore(v variant.Variant) map[string]float64 {
	values := textbook(v)
	values["ns/op"], values["cores-busy"] = map[string]float64{"serial": 1e6, "cpython-serial": 1e6, "process-pool": 1.04e6, "cpython-pool": 1.04e6, "gil": 1.02e6, "gil-lock": 1.02e6, "cpython-thread": 1.02e6}[v.Get("model")], 1
	if values["ns/op"] == 0 {
		values["ns/op"] = 1.01e6
	}
	return values
}

func TestClaimsAreRefutedInAnotherWorld(t *testing.T) {
	got := verdicts(t, world(14, 0.002, oneCore))
	for id, want := range map[string]Verdict{"P1": Holds, "P2": Refuted, "P3": Holds, "P4": Holds, "P5": Refuted, "P6": Refuted, "P11": Refuted} {
		if got[id].Verdict != want {
			t.Errorf("%s: %s, want %s", id, got[id].Verdict, want)
		}
	}
}

// Few rounds decide nothing about numbers; what happens or not in hundreds of tries they
// may.
func TestFewRoundsDecideNothing(t *testing.T) {
	for id, j := range verdicts(t, world(stat.MinSamples-1, 0.002, textbook)) {
		if slices.ContainsFunc(j.Compared, func(c Compared) bool { return c.Occurrence == nil }) &&
			(j.Verdict != Undecided || !strings.Contains(j.Reason, "would decide")) {
			t.Errorf("%s: %s: %s", id, j.Verdict, j.Reason)
		}
	}
}

// Few rounds that all refute a claim are no close call.
func TestFewRoundsThatRefuteSayHowManyWould(t *testing.T) {
	other := func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		values["ns/op"], values["cores-busy"] = 1.1e6, 1
		if v.Get("model") == "serial" {
			values["ns/op"] = 1e6
		}
		return values
	}
	if j := verdicts(t, world(5, 0.002, other))["P2"]; j.Verdict != Undecided || !strings.Contains(j.Reason, "would decide") {
		t.Errorf("%s: %s", j.Verdict, j.Reason)
	}
}

func TestMissingVariantsAreNotMeasured(t *testing.T) {
	var kept strings.Builder
	for line := range strings.Lines(world(14, 0.002, textbook)) {
		if !strings.Contains(line, "model=cpython-thread") {
			kept.WriteString(line)
		}
	}
	got := verdicts(t, kept.String())
	for id, want := range map[string]Verdict{"P4": NotMeasured, "P5": NotMeasured, "P2": Holds} {
		if got[id].Verdict != want {
			t.Errorf("%s: %s, want %s", id, got[id].Verdict, want)
		}
	}
}

func TestOneCoreLeavesParallelClaimsUnmeasured(t *testing.T) {
	text := strings.Replace(world(14, 0.002, textbook), "cores: 2", "cores: 1", 1)
	got := verdicts(t, text)
	for _, id := range []string{"P2", "P4", "P6", "P11"} {
		if got[id].Verdict != NotMeasured || !strings.Contains(got[id].Reason, "one core") {
			t.Errorf("%s on one core: %s: %s", id, got[id].Verdict, got[id].Reason)
		}
	}
}

// known is evidence of a normal estimate on the logarithmic scale.
type known struct{ estimate, deviation float64 }

func (k known) Interval(level float64) stat.Interval {
	half := k.deviation * distuv.UnitNormal.Quantile((1+level)/2)
	return stat.Interval{Estimate: k.estimate, Low: k.estimate * math.Exp(-half), High: k.estimate * math.Exp(half), N: 20}
}

func (k known) Above(c float64) float64 {
	return distuv.UnitNormal.CDF(math.Log(c/k.estimate) / k.deviation)
}

func (k known) Below(c float64) float64 { return 1 - k.Above(c) }

func (k known) Visible(alpha float64) float64 {
	return math.Exp(k.deviation * (distuv.UnitNormal.Quantile(1-alpha/2) + distuv.UnitNormal.Quantile(0.9)))
}

// estimated draws evidence whose truth is 1.
func estimated(random *rand.Rand) known {
	const deviation = 0.01
	return known{math.Exp(deviation * random.NormFloat64()), deviation}
}

func TestWrongDifferencesAreAsRareAsTheyMayBe(t *testing.T) {
	const tables, rows = 4000, 40
	random := rand.New(rand.NewPCG(7, 0))
	wrong := 0
	for range tables {
		all := make([]stat.Evidence, rows)
		for i := range all {
			all[i] = estimated(random)
		}
		if slices.ContainsFunc(Contrasts(all, 1.0001), func(c Contrast) bool { return c.Difference == Higher || c.Difference == Lower }) {
			wrong++
		}
	}
	if rate := float64(wrong) / tables; rate < 0.035 || rate > 0.058 {
		t.Errorf("%.1f %% of the tables hold a difference that is not there", 100*rate)
	}
}

func TestDifferencesThatAreNotThereAreRare(t *testing.T) {
	const tables, rows, rounds = 1000, 40, 16
	noises := map[string]func(*rand.Rand) float64{
		"heavy tails": func(r *rand.Rand) float64 { return 0.01 * r.NormFloat64() / math.Sqrt(r.ExpFloat64()) },
		"one in five slow": func(r *rand.Rand) float64 {
			if r.Float64() < 0.2 {
				return 0.3 * r.Float64()
			}
			return 0.01 * r.NormFloat64()
		},
	}
	for name, noise := range noises {
		random := rand.New(rand.NewPCG(6, 0))
		wrong := 0
		for range tables {
			all := make([]stat.Evidence, rows)
			for i := range all {
				a, b := make([]float64, rounds), make([]float64, rounds)
				for k := range a {
					drift := 1 + 0.1*float64(k)/rounds
					a[k], b[k] = drift*math.Exp(noise(random)), drift*math.Exp(noise(random))
				}
				all[i] = stat.Once{Series: stat.RatioSeries(a, b)}
			}
			for _, c := range Contrasts(all, 1.001) {
				if c.Difference == Higher || c.Difference == Lower {
					wrong++
					break
				}
			}
		}
		t.Logf("%s: %d of %d tables", name, wrong, tables)
		if r := stat.Rate(wrong, tables); r.Estimate > 0.05 {
			t.Errorf("%s: %d of %d tables hold a difference that is not there", name, wrong, tables)
		}
	}
}

func TestContrasts(t *testing.T) {
	ratios := []stat.Evidence{known{1.1, 0.005}, known{0.9, 0.005}, known{1.001, 0.001}, known{1.02, 0.02}, stat.Once{}}
	want := []Difference{Higher, Lower, Equal, NotTold, NoneToTell}
	for i, c := range Contrasts(ratios, 1.01) {
		if c.Difference != want[i] {
			t.Errorf("%v: %s, want %s", ratios[i], c.Difference, want[i])
		}
		if c.Ratio.N > 0 && !(c.Visible > 1 && c.Visible < 1.2) || c.Ratio.N == 0 && !math.IsInf(c.Visible, 1) {
			t.Errorf("%v: visible is %v", ratios[i], c.Visible)
		}
	}
}

func TestOrderOfRowsDoesNotMatterToContrasts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) known {
			return known{rapid.Float64Range(0.9, 1.1).Draw(t, "estimate"), rapid.Float64Range(0.001, 0.05).Draw(t, "deviation")}
		}), 1, 30).Draw(t, "rows")
		evidence := func(rows []known) []stat.Evidence {
			var all []stat.Evidence
			for _, r := range rows {
				all = append(all, r)
			}
			return all
		}
		want := map[known]Contrast{}
		for i, c := range Contrasts(evidence(rows), 1.01) {
			want[rows[i]] = c
		}
		shuffled := rapid.Permutation(rows).Draw(t, "shuffled")
		for i, c := range Contrasts(evidence(shuffled), 1.01) {
			if w := want[shuffled[i]]; c.Difference != w.Difference {
				t.Fatalf("%+v: %s, in another order %s", shuffled[i], c.Difference, w.Difference)
			}
		}
	})
}

// curve makes a file of computing with up to so many cores, of which a share of
// the work is serial.
func curve(cores int, serial float64) string {
	random := rand.New(rand.NewPCG(3, 3))
	var w strings.Builder
	fmt.Fprintf(&w, "cores: %d\n\n", cores)
	for round := range 12 {
		noisy := func() float64 { return 1e6 * math.Exp(0.01*random.NormFloat64()) }
		fmt.Fprintf(&w, "BenchmarkCompute/workload=primes/model=serial/workers=1 1 %g ns/op %d round\n", noisy(), round)
		for n := 1; n <= 2*cores; n *= 2 {
			speedup := 1 / (serial + (1-serial)/float64(min(n, cores)))
			fmt.Fprintf(&w, "BenchmarkCompute/workload=primes/model=goroutine/workers=%d 1 %g ns/op %d round\n", n, noisy()/speedup, round)
		}
	}
	return w.String()
}

func TestScalingLawsAreFittedWhereTheCoresCanTell(t *testing.T) {
	many := newPage(read(t, curve(16, 0.2))).markdown()
	found := regexp.MustCompile(`(\d+\.?\d*) % \([^)]*\) of the work is serial`).FindStringSubmatch(many)
	if found == nil {
		t.Fatalf("no law:\n%s", many)
	}
	if serial, err := strconv.ParseFloat(found[1], 64); err != nil || math.Abs(serial-20) > 2 {
		t.Errorf("%s %% of the work is serial, want 20 %%", found[1])
	}
	few := newPage(read(t, curve(2, 0.2))).markdown()
	if strings.Contains(few, "of the work is serial") || !strings.Contains(few, "No scaling law is fitted: ") {
		t.Errorf("two cores are enough for a law:\n%s", few)
	}
}

func TestTwinsThatDifferWithholdAllVerdicts(t *testing.T) {
	// The second of an A/A pair is slower in every round.
	unsound := func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		if v.Get("twin") != "" {
			values["ns/op"] *= 1.05
		}
		return values
	}
	p := newPage(read(t, world(14, 0.002, unsound)))
	for _, j := range p.judged {
		if j.Verdict != Undecided || !strings.Contains(j.Reason, "withheld") || j.Odds != 0 {
			t.Errorf("%s: %s: %s (%v)", j.ID, j.Verdict, j.Reason, j.Odds)
		}
	}
	if !strings.HasPrefix(p.answer, "No verdict is given, withheld: ") {
		t.Errorf("the answer is %q", p.answer)
	}
	for _, row := range p.verdictRows() {
		for _, c := range row.Comparisons {
			if c.Verdict != Undecided || c.Sides != "" && c.Sides != "undecided" {
				t.Errorf("%s, %s: %s, %s", row.ID, c.Name, c.Verdict, c.Sides)
			}
		}
	}
	if text := p.markdown(); strings.Contains(text, "| faster |") || strings.Contains(text, "| holds |") {
		t.Error("the report calls something faster, or says that it holds")
	}
}

// The other trials of a failed variant are those in which it was fast.
func TestFailedTrialsAreToldWithTheVerdict(t *testing.T) {
	var text strings.Builder
	n := 0
	for line := range strings.Lines(world(14, 0.002, textbook)) {
		if strings.Contains(line, "workload=primes/model=thread/workers=2 ") {
			if n++; n%2 == 0 {
				name, _, _ := strings.Cut(line, " ")
				line = fmt.Sprintf("%s/failed=too_slow 1 1 failed %d round\n", name, n-1)
			}
		}
		text.WriteString(line)
	}
	if j := verdicts(t, text.String())["P2"]; !strings.Contains(j.Reason, "up to 7 rounds of a comparison counted against it because a trial failed") {
		t.Errorf("%s", j.Reason)
	}
}

// A run that was stopped in a round and resumed later has the rest of it from
// another time.
func TestRoundMeasuredInTwoPartsIsNotUsed(t *testing.T) {
	file := func(away float64) string {
		var w strings.Builder
		w.WriteString("cores: 2\ncases: Single:2\n\n")
		at := 1000.0
		for round := range 4 {
			for i, v := range []string{"model=serial/workers=1", "model=loop/workers=2"} {
				if round == 2 && i == 1 {
					at += away
				}
				fmt.Fprintf(&w, "BenchmarkSingle/workload=primes/%s 1 10 ns/op %d round %.1f start-unix-s 5e8 life-ns\n", v, round, at)
				at++
			}
		}
		return w.String()
	}
	if table := read(t, file(0)); len(table.Cut) != 0 {
		t.Errorf("cut: %+v", table.Cut)
	}
	table := read(t, file(3600))
	if len(table.Cut) != 1 || table.Cut[0].Round != 2 {
		t.Fatalf("cut: %+v", table.Cut)
	}
	if r := table.ratio("single", cell("primes", "serial", 1), cell("primes", "loop", 2), "ns/op"); r.N != 3 {
		t.Errorf("%d pairs are used, want 3", r.N)
	}
}

// However soon it was resumed: a file that tells its sittings is not judged by the
// clock.
func TestARoundOfTwoSittingsIsNotUsed(t *testing.T) {
	var w strings.Builder
	w.WriteString("cores: 2\ncases: Single:2\n\n")
	for i := range 8 {
		v := []string{"model=serial/workers=1", "model=loop/workers=2"}[i%2]
		away := 3600 * (i / 6) // a pause between two whole rounds, too
		fmt.Fprintf(&w, "BenchmarkSingle/workload=primes/%s 1 10 ns/op %d round %d sitting %d start-unix-s 5e8 life-ns\n", v, i/2, min(1, (i+1)/4), 1000+i+away)
	}
	table := read(t, w.String())
	if len(table.Cut) != 1 || table.Cut[0].Round != 1 {
		t.Fatalf("cut: %+v", table.Cut)
	}
}

func TestOutputOfGoTestIsReadAndDoubted(t *testing.T) {
	var text strings.Builder
	text.WriteString("cores: 2\n\n")
	for range 8 {
		text.WriteString("BenchmarkCompute/workload=primes/model=serial/workers=1-2 10 20 ns/op\n")
		text.WriteString("BenchmarkCompute/workload=primes/model=goroutine/workers=2-2 10 10 ns/op\n")
	}
	p := newPage(read(t, text.String()))
	if r := p.compute.speedup("primes", "goroutine", 2); r.N != 8 || math.Abs(r.Estimate-2) > 1e-9 {
		t.Errorf("speed-up %+v", r)
	}
	if page := p.markdown(); !strings.Contains(page, "16 lines tell no round") || strings.Contains(page, "in random order.") {
		t.Error("the report takes output of go test for a run of rounds")
	}
}

func TestInterruptedRoundIsNotUsed(t *testing.T) {
	lines := strings.SplitAfter(world(3, 0.002, textbook), "\n")
	cases := fmt.Sprintf("cases: Compute:%d\n", len(chapters.All[0].Cases(card.Scale{Cores: testCores, Pythons: []card.Python{"3.12.1"}})))
	cut := cases + strings.Join(lines[:len(lines)-1], "")
	// The last line of compute's last round is missing.
	last := strings.LastIndex(cut, "BenchmarkCompute")
	end := last + strings.Index(cut[last:], "\n") + 1
	table := read(t, cut[:last]+cut[end:])
	if len(table.Cut) != 1 || table.Cut[0].Experiment != "compute" || table.Cut[0].Round != 2 {
		t.Fatalf("cut rounds: %+v", table.Cut)
	}
	for _, name := range table.names {
		want := 3
		if strings.HasPrefix(name, "Compute/") {
			want = 2
		}
		if n := len(table.series[name].rounds); n != want {
			t.Errorf("%s has %d rounds, want %d", name, n, want)
		}
	}
	if whole := read(t, cut); len(whole.Cut) != 0 {
		t.Errorf("whole rounds were cut: %+v", whole.Cut)
	}
}

// A disturbed trial changes the numbers, and the report shows both.
func TestDisturbedTrialsAreShownBothWays(t *testing.T) {
	var text strings.Builder
	text.WriteString("cores: 2\n\n")
	for round := range 12 {
		slow, stolen := 1.0, 0.0
		if round%4 == 0 {
			slow, stolen = 3, 1e9
		}
		fmt.Fprintf(&text, "BenchmarkSingle/workload=primes/model=serial/workers=1 1 %g ns/op %d round %g steal-ns 1e9 life-ns\n", 10*slow, round, stolen)
		fmt.Fprintf(&text, "BenchmarkSingle/workload=primes/model=loop/workers=2 1 10 ns/op %d round 0 steal-ns 1e9 life-ns\n", round)
	}
	table := read(t, text.String())
	rest, left := table.undisturbed(2)
	pairs := func(t *Table) int {
		return t.ratio("single", cell("primes", "serial", 1), cell("primes", "loop", 2), "ns/op").N
	}
	if left != 3 || pairs(table) != 12 || pairs(rest) != 9 {
		t.Errorf("%d trials left out, %d pairs of %d remain", left, pairs(rest), pairs(table))
	}
	found := false
	for _, a := range attribute(table, 2) {
		if a.trials > 0 {
			found = a.trials == 3 && a.told == 24 && math.Abs(a.slowdown.Estimate-3) < 1e-9
		}
	}
	if !found {
		t.Errorf("causes: %+v", attribute(table, 2))
	}
}

// An undecided claim says how far its evidence is, and what would decide it.
func TestWhatWouldDecideIsTold(t *testing.T) {
	open := 0
	for _, j := range verdicts(t, world(8, 0.1, textbook)) {
		if j.Verdict != Undecided {
			continue
		}
		open++
		if !strings.Contains(j.Reason, " are asked; ") || !strings.Contains(j.Reason, "decide") && !strings.Contains(j.Reason, "too close to call") {
			t.Errorf("%s: %s", j.ID, j.Reason)
		}
	}
	if open == 0 {
		t.Error("no claim is undecided: nothing was tested")
	}
}

// What decides must not depend on the order of the lines.
func TestOrderOfLinesDoesNotMatter(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSuffix(world(3, 0.05, textbook), "\n"), "\n")
	var head, results []string
	for _, l := range lines {
		if strings.HasPrefix(l, "Benchmark") {
			results = append(results, strings.TrimSuffix(l, "\n")+"\n")
		} else {
			head = append(head, l)
		}
	}
	want := verdicts(t, strings.Join(head, "")+strings.Join(results, ""))
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
		for id, j := range verdicts(t, strings.Join(head, "")+strings.Join(results, "")) {
			a, b := j.Deciding.Value, want[id].Deciding.Value
			if j.Verdict != want[id].Verdict || math.Abs(a.Estimate-b.Estimate) > 1e-9 || math.Abs(a.Low-b.Low) > 1e-9 {
				t.Fatalf("seed %d: %s: %s %+v, in order %s %+v", seed, id, j.Verdict, a, want[id].Verdict, b)
			}
		}
	}
}

func TestPairsMeetByRound(t *testing.T) {
	table := read(t, `cores: 2

BenchmarkSingle/workload=primes/model=serial/workers=1 1 10 ns/op 0 round
BenchmarkSingle/workload=primes/model=serial/workers=1 1 20 ns/op 1 round
BenchmarkSingle/workload=primes/model=serial/workers=1 1 30 ns/op 2 round
BenchmarkSingle/workload=primes/model=loop/workers=2 1 3 ns/op 2 round
BenchmarkSingle/workload=primes/model=loop/workers=2 1 1 ns/op 0 round
BenchmarkSingle/workload=primes/model=loop/workers=2/failed=timed_out 1 1 failed 1 round
`)
	r := table.ratio("single", cell("primes", "serial", 1), cell("primes", "loop", 2), "ns/op")
	if r.N != 2 || math.Abs(r.Estimate-10) > 1e-9 {
		t.Errorf("%+v, want 10 of 2 rounds", r)
	}
	// A value is of its variant alone.
	if i := table.center("single", cell("primes", "serial", 1), "ns/op"); i.N != 3 || i.Estimate != 20 {
		t.Errorf("serial: %+v, want 20 of 3 rounds", i)
	}
	if page := newPage(table).markdown(); !strings.Contains(page, "a ratio lacks the rounds in which either side failed") {
		t.Error("the report does not say what a failed trial takes from its numbers")
	}
	if len(table.Failed) != 1 || table.Failed[0] != (Failure{"Single", "workload=primes/model=loop/workers=2", "timed out", 1}) {
		t.Errorf("failures: %+v", table.Failed)
	}
}

func write(t testing.TB, text string) (dir, answer string) {
	t.Helper()
	dir = t.TempDir()
	made, err := Write(read(t, text), dir)
	if err != nil {
		t.Fatal(err)
	}
	if made.Path != filepath.Join(dir, "report.md") {
		t.Fatalf("the report's path is %s", made.Path)
	}
	return dir, made.Answer
}

// A written report has all that it shows, its verdicts for programs, and is the same again for the
// same trials.
func TestWrittenReport(t *testing.T) {
	text := world(14, 0.01, textbook)
	dir, answer := write(t, text)
	file := func(t *testing.T, name string) []byte {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || len(content) == 0 {
			t.Fatalf("%s: %v", name, err)
		}
		return content
	}
	t.Run("is whole", func(t *testing.T) {
		page := string(file(t, "report.md"))
		if !strings.Contains(page, answer) {
			t.Errorf("the answer %q is not in the report", answer)
		}
		pictures := regexp.MustCompile(`\]\((charts/[^)]+\.png)\)`).FindAllStringSubmatch(page, -1)
		if len(pictures) < 6 { // answer, plane, verdicts, the curve of primes, crossover, price
			t.Errorf("%d pictures", len(pictures))
		}
		for _, p := range pictures {
			file(t, p[1])
			file(t, strings.TrimSuffix(p[1], ".png")+".svg")
		}
		for _, text := range []string{"NaN", "Inf", "%!"} {
			if strings.Contains(page, text) {
				t.Errorf("the report says %q", text)
			}
		}
	})
	t.Run("tells programs its verdicts", func(t *testing.T) {
		var rows []map[string]any
		if err := json.Unmarshal(file(t, "verdicts.json"), &rows); err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, row := range rows {
			if row["beside"] != nil {
				if row["under"] == nil || row["without_disturbed"] != nil {
					t.Errorf("%s beside another verdict: %v", row["id"], row)
				}
				continue
			}
			ids = append(ids, row["id"].(string))
			for _, key := range []string{"id", "claim", "verdict", "estimate", "low", "high", "odds", "rounds", "reason", "without_disturbed"} {
				if _, ok := row[key]; !ok {
					t.Errorf("%s lacks %s", row["id"], key)
				}
			}
			if low, e, high := row["low"].(float64), row["estimate"].(float64), row["high"].(float64); !(low <= e && e <= high) {
				t.Errorf("%s: %v is not between %v and %v", row["id"], e, low, high)
			}
		}
		if !slices.Equal(ids, claimIDs) {
			t.Errorf("ids %v, want %v", ids, claimIDs)
		}
	})
	t.Run("is the same again", func(t *testing.T) {
		p := newPage(read(t, text))
		if page := file(t, "report.md"); string(page) != p.markdown() {
			t.Error("the same trials give another page")
		}
		again := t.TempDir()
		if verdicts, err := json.MarshalIndent(p.verdictRows(), "", "  "); err != nil || string(verdicts)+"\n" != string(file(t, "verdicts.json")) {
			t.Errorf("the same trials give other verdicts: %v", err)
		}
		for _, f := range p.figures {
			if svg, err := f.SVG(); err != nil || !bytes.Equal(svg, file(t, filepath.Join("charts", f.name+".svg"))) {
				t.Errorf("%s is drawn otherwise: %v", f.name, err)
			}
			if f.name != "answer" {
				continue
			}
			if err := f.Save(again, f.name); err != nil {
				t.Fatal(err)
			}
			if png, err := os.ReadFile(filepath.Join(again, "answer.png")); err != nil || !bytes.Equal(png, file(t, "charts/answer.png")) {
				t.Errorf("answer.png is drawn otherwise: %v", err)
			}
		}
	})
}

func TestReportOfLittle(t *testing.T) {
	for name, text := range map[string]string{
		"one line":       "BenchmarkCompute/workload=primes/model=serial/workers=1 1 10 ns/op 0 round\n",
		"no serial":      "cores: 2\n\nBenchmarkWaiting/workload=sleep/model=gil/workers=8 1 10 ns/op 0 round\n",
		"go test":        "BenchmarkMixing/workload=mix/cpu=0/model=loop/workers=8-2 1 10 ns/op\n",
		"foreign":        "BenchmarkSort/size=10-8 100 12 ns/op\n",
		"only a failure": "BenchmarkCompute/workload=primes/model=gil/workers=2/failed=boom 1 1 failed 0 round\n",
		"odd mechanisms": "BenchmarkSharing/mechanism=tally/way=odd/workers=x 1 0 ns/op 0 round\nBenchmarkSharing/mechanism=balance/model=gil/lock=none/workers=2 1 1 tries 0 lost\n" +
			"BenchmarkLocks/mechanism=timer/load=full/delay=5ms 1 0 late-p50-ns 0 round\nBenchmarkCosts/mechanism=idle/unit=odd/count=7 1 0 pss-bytes/unit\nBenchmarkLife/mechanism=states/work=wait 1 2 ready-share\n",
		"negative round": "BenchmarkSingle/workload=primes/model=gil/workers=2 1 5 ns/op -3 round\n",
		"zero time":      "BenchmarkSingle/workload=primes/model=gil/workers=2 1 0 ns/op 0 round\n",
	} {
		t.Run(name, func(t *testing.T) { write(t, text) })
	}
	if _, err := Write(read(t, "cores: 2\n"), t.TempDir()); err == nil {
		t.Error("a report was made of no result")
	}
}

func FuzzRead(f *testing.F) {
	f.Add("cores: 2\n\nBenchmarkSingle/workload=primes/model=serial/workers=1 1 10 ns/op 0 round\n")
	f.Add("BenchmarkCompute/workload=primes/model=gil/workers=2/failed=boom 1 1 failed 0 round")
	f.Add("BenchmarkCosts/mechanism=submit/way=map 1 10 ns/op 0 round\nBenchmarkCosts/workload=hash/length=1us/model=process-pool 1 10 ns/op\n")
	f.Add("BenchmarkSharing/mechanism=tally/way=odd/workers=x 1 0 ns/op 0 tries 3 lost\nBenchmarkLife/mechanism=join 1 0 tries 1 seen\n")
	f.Add("Benchmark/twin=0 0 00 0\n")
	f.Add("BenchmarkCompute/a=b/twin=1 1 1e300 ns/op -1 round\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := Read(strings.NewReader(text), "fuzz", catalogue())
		if err != nil {
			return
		}
		_ = newPage(table).markdown()
	})
}

func Example() {
	trials := `cores: 2

BenchmarkSingle/workload=primes/model=serial/workers=1 32 2000 ns/op 0 round
BenchmarkSingle/workload=primes/model=thread/workers=2 64 1000 ns/op 0 round
`
	table, _ := Read(strings.NewReader(trials), "trials.txt", catalogue())
	dir, _ := os.MkdirTemp("", "report")
	defer os.RemoveAll(dir)
	made, err := Write(table, dir)
	fmt.Println(made.Answer)
	fmt.Println(filepath.Base(made.Path), err)
	// Output:
	// workload=primes/model=thread/workers=2 runs 2.00x (no interval) as fast as serial.
	// report.md <nil>
}

// The title of the first picture is made of what the picture draws.
// The real GIL stands beside the emulated one, over its own serial code.
func TestTheAnswerNamesTheRealGIL(t *testing.T) {
	p := newPage(read(t, everything(14, textbook)))
	for _, want := range []string{"1.00x under the GIL of CPython 3.12.1; waiting", "8.00x under the GIL of CPython 3.12.1"} {
		if !strings.Contains(p.answer, want) {
			t.Errorf("%q does not hold %q", p.answer, want)
		}
	}
	for _, bars := range p.answerBars() {
		if last := bars.Rows[len(bars.Rows)-1]; last != cpythonThread {
			t.Errorf("%s ends with %s", bars.Title, last)
		}
	}
}

func TestTheAnswersTitleIsItsBars(t *testing.T) {
	panel := chart.BarPanel{Title: "computing: primes", Rows: []string{"goroutine", "pool", "gil"}}
	for _, v := range []float64{1.94, 1.96, 0.99} {
		panel.Values = append(panel.Values, chart.Interval{Estimate: v})
	}
	if got, want := answerTitle([]chart.BarPanel{panel}), "Computing is 1.96x as fast as serial with pool, 0.99x under an emulated GIL"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	panel.Rows, panel.Values = panel.Rows[:1], panel.Values[:1]
	if got, want := answerTitle([]chart.BarPanel{panel}), "Computing is 1.94x as fast as serial with goroutine"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAnswersThatSayNoMoreThanTheTrials(t *testing.T) {
	failed := "cores: 2\ncases: Compute:2\n\n"
	for round := range 3 {
		failed += fmt.Sprintf("BenchmarkCompute/workload=primes/model=serial/workers=1/failed=no_disk 1 1 failed %d round\n", round)
	}
	if got, want := newPage(read(t, failed)).answer, "Nothing was measured: all 3 trials failed, the first because: no disk."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := newPage(read(t, world(2, 0.002, textbook))).answer; !strings.Contains(got, "x (no interval) as fast as serial") {
		t.Errorf("two rounds have a winner: %q", got)
	}
	whole := world(8, 0.002, textbook)
	silent := newPage(read(t, strings.Replace(whole, "cores: ", "course: ", 1)))
	if page := silent.markdown(); strings.Contains(page, "on 1 core") || !strings.Contains(page, "the file does not tell the number of cores") {
		t.Error("a file that does not tell its cores is given one")
	}
}

// A report warns of programs that are not the small ones, and of no others.
func TestAReportWarnsOfSlowPrograms(t *testing.T) {
	for programs, want := range map[string]bool{
		"small": false, "small trial:0123456789ab worker:0123456789ab": false, "parcon itself trial:0123456789ab": true,
	} {
		text := strings.Replace(world(2, 0.002, textbook), "seed: 1\n", "seed: 1\nprograms: "+programs+"\n", 1)
		if got := strings.Contains(newPage(read(t, text)).markdown(), "could not be built"); got != want {
			t.Errorf("programs %q: it warns: %v", programs, got)
		}
	}
}

// What failed alike in many rounds is told once.
func TestFailuresThatAreAlikeAreToldOnce(t *testing.T) {
	var failed []Failure
	for round := range 12 {
		failed = append(failed, Failure{"Compute", "a", "there is none", round}, Failure{"Compute", "b", fmt.Sprint("reason ", round%2), 2 * round})
	}
	got := failures(failed[:23])
	want := []string{
		"  - Compute/a in 12 rounds, from 1 to 12: there is none",
		"  - Compute/b in 6 rounds, from 1 to 21: reason 0",
		"  - Compute/b in 5 rounds, from 3 to 19: reason 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := failures(append(failed[:1:1], Failure{"Compute", "c", "odd", 4})); got[1] != "  - Compute/c in round 5: odd" {
		t.Errorf("%q", got)
	}
}

// Claims are compared with those of the same scale, whatever interpreters it has and in
// whatever order.
func TestClaimsThatDidNotChangeAreNotCalledChanged(t *testing.T) {
	for _, pythons := range [][]card.Python{nil, {"3.12.1"}, {"2.7.18", "3.12.1"}, {"3.12.1", "2.7.18"}} {
		scale := card.Scale{Cores: testCores, System: "linux", Pythons: pythons}
		var names, claims []string
		for _, p := range pythons {
			names = append(names, p.String())
		}
		for _, e := range chapters.All {
			claims = append(claims, e.Name+":"+card.Fingerprint(e.Claims(scale)))
		}
		slices.Reverse(names)
		head := fmt.Sprintf("claims: %s\n", strings.Join(claims, " "))
		text := strings.Replace(worldOf(scale, 3, 0.1, textbook), "python: CPython 3.12.1\n", "python: "+strings.Join(names, ", ")+"\n", 1)
		p := newPage(read(t, head+text))
		if changed := p.changedChapters(); len(changed) > 0 || len(p.measured) < 5 {
			t.Errorf("with %v, of %d chapters these changed: %v", pythons, len(p.measured), changed)
		}
		p = newPage(read(t, strings.Replace(head, "compute:", "compute:0", 1)+text))
		if changed := p.changedChapters(); !slices.Equal(changed, []string{"compute"}) {
			t.Errorf("with %v: changed %v", pythons, changed)
		}
	}
}
