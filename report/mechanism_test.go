package report

import (
	"strings"
	"testing"

	"parcon/experiments/card"
	"parcon/experiments/chapters"
	"parcon/experiments/variant"
)

// counted are the units that noise does not touch: what was counted.
var counted = func() map[string]bool {
	all := map[string]bool{card.UnitTries: true, card.UnitSeen: true}
	for _, c := range chapters.Cards() {
		for _, unit := range c.Counts {
			all[unit] = true
		}
	}
	return all
}()

// textbookMechanism is a machine on which all claims about mechanisms are true.
func textbookMechanism(v variant.Variant) map[string]float64 {
	const tries = 100.0
	values := map[string]float64{"ns/op": 1000, "cpu-ns/op": 500, "cores-busy": 1, "tries": tries, "seen": tries}
	unlocked := v.Get("lock") == "none"
	pick := func(key string, of map[string]float64) float64 { return of[v.Get(key)] }
	switch v.Get(card.Key) {
	case "create":
		values["ns/op"] = pick("unit", map[string]float64{
			"process": 1e6, "empty": 8e5, "fork": 1e5, "thread": 3e4, "goroutine": 300, "coroutine": 400,
			"cpython-fork": 2e6, "cpython-spawn": 6e7, "cpython-thread": 7e4,
		})
		if v.Get("unit") == "process" {
			values["answer-ns/op"] = 9e5
		}
	case "switch":
		values["ns/op"] = pick("unit", map[string]float64{"process": 2400, "thread": 2000, "goroutine": 300, "coroutine": 200})
		if v.Get("placement") == "two" {
			values["ns/op"] *= 20
		}
	case "idle":
		values["pss-bytes/unit"] = pick("unit", map[string]float64{"process": 1e6, "thread": 17e3, "goroutine": 2700, "coroutine": 2600})
		values["rss-bytes/unit"] = 2 * values["pss-bytes/unit"]
	case "submit":
		values["ns/op"] = pick("way", map[string]float64{"apply": 5e4, "async": 2000, "map": 1000})
	case "isolation":
		if strings.Contains("process fork cpython-fork", v.Get("unit")) {
			values["seen"] = 0
		}
	case "inherited":
		for _, what := range []string{"memory", "environment", "files"} {
			values[what] = pick("unit", map[string]float64{"fork": tries, "cpython-fork": tries})
		}
	case "forked":
		values["alone"], values["locked"] = tries, tries
	case "flight":
		workers, _ := v.Int("workers", 1)
		values["most-inside"], values["full"] = float64(workers), tries
	case "crash":
		values["survivors"] = pick("unit", map[string]float64{"process": 2 * tries, "thread": 0})
	case "balance":
		values["lost"] = 0
		if v.Get("workers") == "1" {
			values["ns/op"] /= 2
		}
		if unlocked && !strings.Contains("serial loop coroutine", v.Get("model")) {
			values["lost"] = 30
		}
	case "tickets":
		values["seen"], values["oversold"], values["broken-reads"] = 0, 0, 0
		if unlocked {
			values["seen"], values["oversold"], values["broken-reads"] = 90, 95, 1000
		}
	case "lines":
		values["torn"] = 0
		if unlocked {
			values["torn"] = 5
		}
	case "tally":
		values["ns/op"] = 20
		if v.Get("way") == "shard" {
			values["ns/op"] = 1
		}
	case "counter":
		values["ns/op"] = pick("medium", map[string]float64{"file": 5e4, "pipe": 1e4, "memory": 200})
	case "semaphore":
		size, _ := v.Int("size", 1)
		values["over"], values["most-inside"] = 0, float64(size)
	case "condition":
		values["more"], values["less"] = 0, 0
	case "event", "timer":
		values["timeouts"] = tries
		values["early"], values["late-p50-ns"], values["late-p99-ns"] = 0, 1e5, 2e5
	case "deadlock":
		values["seen"], values["hanging"] = 0, 0
		if v.Get("order") == "opposite" {
			values["seen"], values["named"] = 50, 50
		}
	case "relock":
		if v.Get("lock") == "reentrant" {
			values["seen"] = 0
		}
	case "killed":
		if strings.Contains("lockfile semaphore cpython", v.Get("lock")) {
			values["seen"] = 0
		}
	case "lockcost":
		if v.Get("lock") == "reentrant" {
			values["ns/op"] *= 1.5
		}
	case "orphan":
		values["reaped"] = tries
	case "interrupt":
		values["outside"] = 0
	case "grandchild":
		values["orphans"] = 0
	case "reuse":
		values["again"], values["mistaken"] = tries, 0
	case "offspring":
		if v.Get("daemon") == "kernel" {
			values["seen"] = 0
		}
	case "exhaust":
		values["freed"] = tries
	case "terminate":
		values["seen"], values["gone-p50-ns"], values["gone-p99-ns"] = 90, 2e5, 4e5
	case "turns":
		values["stretch-p50-ns"], values["stretch-p99-ns"] = 2e7, 4e7
	case "states":
		for _, state := range []string{"running", "ready", "blocked"} {
			values[state+"-share"] = 0.05
		}
		state := map[string]string{"compute": "running", "wait": "blocked", "oversubscribed": "ready"}[v.Get("work")]
		values[state+"-share"] = 0.9
	}
	return values
}

// What a run found to be in the way of a claim is why it is not measured.
func TestAHindranceIsTheReason(t *testing.T) {
	text := "cannot-reuse: nobody may\n" + world(14, 0.002, func(v variant.Variant) map[string]float64 {
		if v.Get(card.Key) == "reuse" {
			return nil
		}
		return textbook(v)
	})
	if j := verdicts(t, text)["F12"]; j.Verdict != NotMeasured || j.Reason != "nobody may" {
		t.Errorf("%s: %s", j.Verdict, j.Reason)
	}
}

// One trial that shows otherwise is enough, and only in what it refutes.
func TestOneCounterexampleRefutes(t *testing.T) {
	lost := 0
	text := world(14, 0.002, func(v variant.Variant) map[string]float64 {
		values := textbook(v)
		if v.String() == "mechanism=balance/model=pool/lock=mutex/workers=2" {
			if lost++; lost == 5 {
				values["lost"] = 1
			}
		}
		return values
	})
	for id, j := range verdicts(t, text) {
		want := Holds
		if id == "S5" {
			want = Refuted
		}
		if j.Verdict != want {
			t.Errorf("%s: %s, want %s: %s", id, j.Verdict, want, j.Reason)
		}
		if id == "S5" && j.Deciding.Name+": "+j.Deciding.found() != "lost, updates of one number, pool, with mutex, x 2: 1 of 1,400, in 1 of 14 trials" {
			t.Errorf("decided by %s: %s", j.Deciding.Name, j.Deciding.found())
		}
	}
}

// What is said to happen needs to be seen once; what is not seen is not proven
// to be impossible by a few trials.
func TestWhatHappensIsSeenOnce(t *testing.T) {
	for _, c := range []struct {
		rounds, seen int
		want         Verdict
	}{{14, 1, Holds}, {14, 0, Refuted}, {4, 0, Undecided}, {4, 1, Holds}} {
		trial := 0
		text := world(c.rounds, 0.002, func(v variant.Variant) map[string]float64 {
			values := textbook(v)
			if v.String() == "mechanism=deadlock/unit=thread/order=opposite" {
				values["seen"], values["named"] = 0, 0
				if trial++; trial <= c.seen {
					values["seen"] = 1
				}
			}
			return values
		})
		for _, compared := range verdicts(t, text)["L4"].Compared {
			if compared.Name == "deadlock, thread, opposite" && compared.Verdict != c.want {
				t.Errorf("%d rounds, seen in %d: %s, want %s", c.rounds, c.seen, compared.Verdict, c.want)
			}
		}
	}
}

// What never failed is not settled if a trial of it gave no result: that may have
// been the exception.
func TestAFailedTrialLeavesAlwaysOpen(t *testing.T) {
	failed := false
	var text strings.Builder
	for line := range strings.Lines(world(14, 0.002, textbook)) {
		if name, _, _ := strings.Cut(line, " "); !failed && name == "BenchmarkLife/mechanism=join" {
			failed, line = true, name+"/failed=no_answer 1 1 failed 0 round\n"
		}
		text.WriteString(line)
	}
	got := verdicts(t, text.String())
	if j := got["F7"]; j.Verdict != Undecided || !strings.Contains(j.Reason, "a trial failed") {
		t.Errorf("F7: %s: %s", j.Verdict, j.Reason)
	}
	if got["F1"].Verdict != Holds {
		t.Errorf("F1: %s", got["F1"].Verdict)
	}
}

// What holds without an exception says how rare one may still be: with 14 trials
// the exact one-sided 95 % limit is 1-0.05^(1/14).
func TestWhatWasNotSeenIsBounded(t *testing.T) {
	if j := verdicts(t, world(14, 0.002, textbook))["F1"]; !strings.Contains(j.Reason, "in up to 19.3 % of such trials") {
		t.Errorf("F1: %s", j.Reason)
	}
}

// A report tells if the claims are not those that its run wrote down.
func TestChangedClaimsAreTold(t *testing.T) {
	scale := card.Scale{Cores: testCores}
	find := func(name string) []card.Claim {
		e, err := chapters.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		return e.Claims(scale)
	}
	same := card.Fingerprint(find("life"))
	harder := find("locks")
	harder[0].Comparisons[1].High += 0.01
	head := "claims: life:" + same + " locks:" + card.Fingerprint(harder) + "\n"
	page := newPage(read(t, head+world(2, 0.002, textbook))).markdown()
	if !strings.Contains(page, "the claims or bounds of locks are not those") || strings.Contains(page, "bounds of life") {
		t.Error("the report does not tell that the claims on locks have changed, and those on life have not")
	}
}
