package doctor

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// healthy is a machine that nothing speaks against.
func healthy() Facts {
	return Facts{
		Online: []int{0, 1, 2, 3}, Allowed: []int{0, 1, 2, 3}, Siblings: [][]int{{0}, {1}, {2}, {3}}, SMT: "notsupported",
		Governors: []string{"performance"}, Turbo: Known(Turbo{}), Quota: Known(Quota{}), Virtual: Known(false),
		Clock: Clock{Source: "tsc", Available: []string{"tsc", "hpet"}, Step: 20, Cost: 35},
		Watch: Known(Watch{Span: time.Second, Busy: 0.02, Stolen: Known(0.0)}),
		CPU:   Known(Pressure{}), Memory: Known(Pressure{}), IO: Known(Pressure{}),
		RAM: Known(RAM{Total: 16 << 30, Available: 8 << 30}), Power: Known(Power{}), Throttles: Known(0), Files: "ext4",
		Steady: Known(Steady{0.03, 0.08}),
	}
}

func find(t *testing.T, all []Finding, check string) Finding {
	t.Helper()
	i := slices.IndexFunc(all, func(f Finding) bool { return f.Check == check })
	if i < 0 {
		t.Fatalf("no finding of the check %q", check)
	}
	return all[i]
}

func TestAHealthyMachineHasNoFault(t *testing.T) {
	all := Examine(healthy())
	for _, f := range all {
		if f.Level != OK {
			t.Errorf("%s is %s: %s", f.Check, f.Level, f.Seen)
		}
	}
	if got, want := Verdict(all), "nothing found that speaks against measuring here"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAMachineThatTellsNothingIsUnknown(t *testing.T) {
	all := Examine(Facts{})
	for _, f := range all {
		if f.Level != Unknown {
			t.Errorf("%s is %s: %s", f.Check, f.Level, f.Seen)
		}
	}
	if got, want := Verdict(all), "nothing found that speaks against measuring here; 16 things could not be seen"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestEachCheck(t *testing.T) {
	pairs := func(f *Facts) {
		f.Siblings, f.SMT = [][]int{{0, 2}, {1, 3}}, "on"
	}
	for _, c := range []struct {
		name, check string
		change      func(*Facts)
		level       Level
		seen        string // is part of what was seen
		do          string // is part of the advice or the command
	}{
		{"a busy core", "load", func(f *Facts) {
			f.Watch.Value.Busy = 1.25
			f.Watch.Value.Processes = []Process{{7, "cc1\x1b[2J", 1}, {8, "ld", 0.2}, {9, "sh", 0.05}}
		}, Warning, "1.25 of 4 cores busy with other programs, most by cc1?[2J (process 7) 1.00, ld (process 8) 0.20", "close"},
		{"by whom is not seen", "load", func(f *Facts) { f.Watch.Value.Busy = 1.25 }, Warning, "1.25 of 4 cores", "container"},
		{"by many short processes", "load", func(f *Facts) {
			f.Watch.Value.Busy = 1.25
			f.Watch.Value.Processes = []Process{{7, "make", 0.1}}
		}, Warning, "took little: make (process 7) 0.10", "build"},
		{"as busy as may be", "load", func(f *Facts) { f.Watch.Value.Busy = 0.2 }, OK, "0.20 of 4", ""},
		{"a little more", "load", func(f *Facts) { f.Watch.Value.Busy = 0.21 }, Warning, "0.21 of 4", "find"},
		{"one core of many", "load", func(f *Facts) {
			f.Watch.Value.Busy = 1
			f.Online = make([]int, 100)
		}, Warning, "1.00 of 100 cores", "find"},
		{"how many cores is not told", "load", func(f *Facts) { f.Online = nil }, Unknown, "0.02 cores", ""},
		{"many of how many cores", "load", func(f *Facts) { f.Online, f.Watch.Value.Busy = nil, 0.6 }, Warning, "0.60 cores", "find"},
		{"load not told", "load", func(f *Facts) { f.Watch = Maybe[Watch]{} }, Unknown, "does not tell", ""},

		{"a speed that wavers", "speed", func(f *Facts) { f.Steady = Known(Steady{0.2, 0.1}) }, Warning, "20 % longer than the fastest, through memory 10 %", "another time"},
		{"a memory that wavers", "speed", func(f *Facts) { f.Steady = Known(Steady{0.05, 0.6}) }, Warning, "through memory 60 %", "another time"},
		{"speed not measured", "speed", func(f *Facts) { f.Steady = Maybe[Steady]{} }, Unknown, "not repeated", ""},

		{"waiting for cores", "pressure", func(f *Facts) { f.CPU = Known(Pressure{40, 30}) }, Warning, "a core 40.0 %", "a core"},
		{"what waited has ended", "pressure", func(f *Facts) { f.CPU = Known(Pressure{40, 1}) }, OK, "a core 40.0 %, memory 0.0 %, a disk 0.0 %; that has ended", ""},
		{"it begins just now", "pressure", func(f *Facts) { f.CPU = Known(Pressure{1, 40}) }, OK, "a core 1.0 %", ""},
		{"waiting for memory and disk", "pressure", func(f *Facts) {
			f.Memory, f.IO = Known(Pressure{2, 2}), Known(Pressure{6, 6})
		}, Warning, "memory 2.0 %, a disk 6.0 %", "memory and a disk"},
		{"only that of disks is told", "pressure", func(f *Facts) { f.CPU, f.Memory = Maybe[Pressure]{}, Maybe[Pressure]{} }, OK, "for a disk 0.0 %", ""},
		{"pressure not told", "pressure", func(f *Facts) { f.CPU, f.Memory, f.IO = Maybe[Pressure]{}, Maybe[Pressure]{}, Maybe[Pressure]{} }, Unknown, "/proc/pressure", ""},

		{"stolen", "steal", func(f *Facts) { f.Virtual, f.Watch.Value.Stolen = Known(true), Known(0.3) }, Warning, "0.30 of 4 cores", "rounds"},
		{"little stolen", "steal", func(f *Facts) { f.Virtual, f.Watch.Value.Stolen = Known(true), Known(0.03) }, OK, "0.03 of 4 cores", ""},
		{"never counted", "steal", func(f *Facts) { f.Virtual, f.Watch.Value.Stolen = Known(true), Maybe[float64]{} }, Unknown, "ever counted", ""},
		{"own hardware", "steal", func(f *Facts) { f.Watch = Maybe[Watch]{} }, OK, "not a virtual machine", ""},

		{"quota of a part", "quota", func(f *Facts) { f.Quota = Known(Quota{true, 1.5}) }, Warning, "1.5 cores' worth of time on 4 cores", "part of a core"},
		{"quota of some", "quota", func(f *Facts) { f.Quota = Known(Quota{true, 2}) }, Warning, "2 cores' worth", "limit"},
		{"quota of all", "quota", func(f *Facts) { f.Quota = Known(Quota{true, 4}) }, OK, "4 cores' worth", ""},
		{"quota that cannot be used up", "quota", func(f *Facts) { f.Quota = Known(Quota{true, 4.5}) }, OK, "4.5 cores' worth", ""},
		{"quota of unknown cores", "quota", func(f *Facts) { f.Quota, f.Allowed = Known(Quota{true, 4}), nil }, Unknown, "unknown number", ""},
		{"quota not told", "quota", func(f *Facts) { f.Quota = Maybe[Quota]{} }, Unknown, "does not tell", ""},

		{"on battery", "battery", func(f *Facts) { f.Power = Known(Power{1, true}) }, Warning, "on battery", "plug"},
		{"plugged in", "battery", func(f *Facts) { f.Power = Known(Power{2, false}) }, OK, "2 batteries, not in use", ""},
		{"power not told", "battery", func(f *Facts) { f.Power = Maybe[Power]{} }, Unknown, "does not tell", ""},

		{"little memory", "memory", func(f *Facts) { f.RAM.Value.Available = 1 << 29 }, Warning, "0.5 GiB of 16.0 GiB", "close"},
		{"swapped out", "memory", func(f *Facts) { f.RAM.Value.Swapped = 1 << 30 }, Warning, "1.0 GiB swapped", "swapoff"},
		{"a little swapped out", "memory", func(f *Facts) { f.RAM.Value.Swapped = 100 << 20 }, OK, "0.1 GiB swapped", ""},
		{"memory not told", "memory", func(f *Facts) { f.RAM = Maybe[RAM]{} }, Unknown, "does not tell", ""},

		{"powersave", "governor", func(f *Facts) { f.Governors = []string{"performance", "powersave"} }, Warning, "performance and powersave", "cpupower frequency-set -g performance"},
		{"schedutil", "governor", func(f *Facts) { f.Governors = []string{"schedutil"} }, Warning, "schedutil", "cpupower"},
		{"governor hidden by the host", "governor", func(f *Facts) { f.Governors, f.Virtual = nil, Known(true) }, Unknown, "its host knows", ""},

		{"turbo of intel", "turbo", func(f *Facts) { f.Turbo = Known(Turbo{true, cpuFolder + "/intel_pstate/no_turbo"}) }, Warning, "on", "echo 1 | sudo tee /sys"},
		{"boost", "turbo", func(f *Facts) { f.Turbo = Known(Turbo{true, cpuFolder + "/cpufreq/boost"}) }, Warning, "on", "echo 0 | sudo tee /sys"},
		{"turbo not told", "turbo", func(f *Facts) { f.Turbo = Maybe[Turbo]{} }, Unknown, "does not tell", ""},

		{"too hot", "heat", func(f *Facts) { f.Throttles = Known(1) }, Warning, "slowed by heat 1 time since", "cool"},
		{"heat not told", "heat", func(f *Facts) { f.Throttles = Maybe[int]{} }, Unknown, "does not tell", ""},

		{"slow source", "clock", func(f *Facts) { f.Clock.Source = "hpet" }, Warning, "hpet, smallest step 20 ns, 35 ns a reading", "echo tsc | sudo tee"},
		{"slow source without another", "clock", func(f *Facts) { f.Clock.Source, f.Clock.Available = "acpi_pm", []string{"acpi_pm"} }, Warning, "acpi_pm", "another machine"},
		{"dear readings", "clock", func(f *Facts) { f.Clock.Cost = 900 }, Warning, "900 ns a reading", "another machine"},
		{"coarse", "clock", func(f *Facts) { f.Clock.Source, f.Clock.Step = "", 500_000 }, Warning, "smallest step 500000 ns", "echo tsc"},
		{"source not told", "clock", func(f *Facts) { f.Clock.Source = "" }, OK, "smallest step 20 ns", ""},
		{"clock stands still", "clock", func(f *Facts) { f.Clock.Step, f.Clock.Cost = 0, 0 }, Unknown, "tsc, its step and its cost could not", ""},

		{"one core", "cores", func(f *Facts) { f.Allowed = []int{0} }, Warning, "1 core", "4 cores or more"},
		{"three cores", "cores", func(f *Facts) { f.Allowed = []int{0, 1, 2} }, OK, "3 cores, too few to tell a law of scaling, which takes 4", ""},
		{"cores not told", "cores", func(f *Facts) { f.Allowed = nil }, Unknown, "does not tell", ""},

		{"pairs", "siblings", pairs, Warning, "4 cores are threads of 2 real cores", "echo off | sudo tee"},
		{"pairs without a switch", "siblings", func(f *Facts) {
			pairs(f)
			f.SMT = ""
		}, Warning, "4 cores", "taskset -c 0-1 parcon"},
		{"one thread of each pair", "siblings", func(f *Facts) {
			pairs(f)
			f.Allowed = []int{0, 1}
		}, OK, "no two", ""},
		{"alone in a virtual machine", "siblings", func(f *Facts) { f.Virtual = Known(true) }, Unknown, "the host may", ""},
		{"siblings not told", "siblings", func(f *Facts) { f.Siblings = nil }, Unknown, "does not tell", ""},

		{"some of the cores", "affinity", func(f *Facts) { f.Allowed = []int{0, 3} }, Warning, "2 of 4 cores", "taskset"},
		{"as the check of siblings advises", "affinity", func(f *Facts) {
			pairs(f)
			f.Allowed = []int{0, 1}
		}, OK, "2 of 4 cores, one thread of each", ""},
		{"one thread of one pair", "affinity", func(f *Facts) {
			pairs(f)
			f.Allowed = []int{0}
		}, Warning, "1 of 4 cores", "taskset"},
		{"affinity not told", "affinity", func(f *Facts) { f.Online = nil }, Unknown, "does not tell", ""},

		{"files in memory", "files", func(f *Facts) { f.Files = "tmpfs" }, Warning, "in memory (tmpfs)", "--out"},
		{"file system not told", "files", func(f *Facts) { f.Files = "" }, Unknown, "does not tell", ""},

		{"virtual", "virtual", func(f *Facts) { f.Virtual = Known(true) }, Unknown, "a virtual machine", "A/A"},
		{"virtual not told", "virtual", func(f *Facts) { f.Virtual = Maybe[bool]{} }, Unknown, "does not tell", ""},
	} {
		t.Run(c.check+": "+c.name, func(t *testing.T) {
			f := healthy()
			c.change(&f)
			got := find(t, Examine(f), c.check)
			if got.Level != c.level || !strings.Contains(got.Seen, c.seen) {
				t.Errorf("%s: %q, want %s: %q", got.Level, got.Seen, c.level, c.seen)
			}
			if do := got.Advice + "\n" + got.Command; !strings.Contains(do, c.do) {
				t.Errorf("advice %q, want %q", do, c.do)
			}
		})
	}
}

// anyFacts also makes facts that no machine has: not a number, below zero.
func anyFacts(t *rapid.T) Facts {
	number := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-1, 10))
	word := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "performance", "powersave", "on", "tsc", "hpet", "tmpfs", "ext4"}))
	cores := rapid.SliceOfN(rapid.IntRange(-1, 9), 0, 5)
	known := rapid.Bool()
	press := func(name string) Maybe[Pressure] {
		return Maybe[Pressure]{Pressure{number.Draw(t, name), number.Draw(t, name+" now")}, known.Draw(t, name+" known")}
	}
	processes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Process {
		return Process{rapid.Int().Draw(t, "pid"), word.Draw(t, "name"), number.Draw(t, "cores")}
	}), 0, 4)
	return Facts{
		Online: cores.Draw(t, "online"), Allowed: cores.Draw(t, "allowed"),
		Siblings:  rapid.SliceOfN(cores, 0, 4).Draw(t, "siblings"),
		SMT:       word.Draw(t, "smt"),
		Governors: rapid.SliceOfN(word, 0, 3).Draw(t, "governors"),
		Turbo:     Maybe[Turbo]{Turbo{known.Draw(t, "turbo"), word.Draw(t, "file")}, known.Draw(t, "turbo known")},
		Quota:     Maybe[Quota]{Quota{known.Draw(t, "limited"), number.Draw(t, "quota")}, known.Draw(t, "quota known")},
		Virtual:   Maybe[bool]{known.Draw(t, "virtual"), known.Draw(t, "virtual known")},
		Clock: Clock{
			Source: word.Draw(t, "source"), Available: rapid.SliceOfN(word, 0, 3).Draw(t, "available"),
			Step: rapid.Int64().Draw(t, "step"), Cost: number.Draw(t, "cost"),
		},
		Watch: Maybe[Watch]{Watch{
			Span: time.Duration(rapid.Int64().Draw(t, "span")), Busy: number.Draw(t, "busy"),
			Stolen:    Maybe[float64]{number.Draw(t, "stolen"), known.Draw(t, "stolen known")},
			Processes: processes.Draw(t, "processes"),
		}, known.Draw(t, "watched")},
		CPU: press("cpu"), Memory: press("memory"), IO: press("io"),
		RAM: Maybe[RAM]{RAM{
			rapid.Uint64().Draw(t, "total"), rapid.Uint64().Draw(t, "available memory"), rapid.Uint64().Draw(t, "swapped"),
		}, known.Draw(t, "ram known")},
		Power:     Maybe[Power]{Power{rapid.Int().Draw(t, "batteries"), known.Draw(t, "draining")}, known.Draw(t, "power known")},
		Throttles: Maybe[int]{rapid.Int().Draw(t, "throttles"), known.Draw(t, "throttles known")},
		Files:     word.Draw(t, "files"),
	}
}

func TestWhateverIsFoundIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := Examine(anyFacts(t))
		seen := map[string]bool{}
		for i, f := range all {
			if f.Level.rank() < 0 || i > 0 && f.Level.rank() < all[i-1].Level.rank() {
				t.Fatalf("%+v is at place %d", f, i)
			}
			if f.Check == "" || f.Seen == "" || f.Why == "" || seen[f.Check] {
				t.Fatalf("%+v lacks something, or is there twice", f)
			}
			if f.Level == Warning && f.Advice == "" {
				t.Fatalf("a warning without advice: %+v", f)
			}
			if f.Level == OK && f.Advice+f.Command != "" {
				t.Fatalf("advice without need: %+v", f)
			}
			seen[f.Check] = true
		}
	})
}

func TestPrintKeepsTheWidthAndEndsWithTheVerdict(t *testing.T) {
	word := rapid.StringMatching(`[a-zé]{1,12}`)
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(word, 1, 60).Draw(t, "words"), " ")
	})
	finding := rapid.Custom(func(t *rapid.T) Finding {
		return Finding{
			Check: rapid.StringMatching(`[a-z]{3,8}`).Draw(t, "check"),
			Level: rapid.SampledFrom([]Level{OK, Unknown, Warning}).Draw(t, "level"),
			Seen:  text.Draw(t, "seen"), Why: text.Draw(t, "why"), Advice: text.Draw(t, "advice"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(finding, 0, 5).Draw(t, "findings")
		var out strings.Builder
		if err := Print(&out, all); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		for _, line := range lines {
			if len([]rune(line)) > width || strings.TrimRight(line, " ") != line {
				t.Fatalf("the line %q is too wide, or ends with a space", line)
			}
		}
		if last := lines[len(lines)-1]; last != Verdict(all) {
			t.Fatalf("the last line is %q", last)
		}
		words := strings.Fields(out.String())
		for _, f := range all {
			for w := range strings.FieldsSeq(f.Seen) {
				if !slices.Contains(words, w) {
					t.Fatalf("the word %q is lost", w)
				}
			}
		}
	})
}

func TestPrintLeavesACommandInOnePiece(t *testing.T) {
	command := "echo off | sudo tee /" + strings.Repeat("long/", 30)
	var out strings.Builder
	if err := Print(&out, []Finding{{Check: "x", Level: Warning, Command: command}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "$ "+command+"\n") {
		t.Errorf("not to be copied:\n%s", out.String())
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		levels []Level
		want   string
	}{
		{nil, "nothing found that speaks against measuring here"},
		{[]Level{OK}, "nothing found that speaks against measuring here"},
		{[]Level{Unknown}, "nothing found that speaks against measuring here; 1 thing could not be seen"},
		{[]Level{Warning, OK}, "1 thing to mend before measuring"},
		{[]Level{Warning, Warning, Unknown, Unknown}, "2 things to mend before measuring; 2 things could not be seen"},
	} {
		var all []Finding
		for _, l := range c.levels {
			all = append(all, Finding{Level: l})
		}
		if got := Verdict(all); got != c.want {
			t.Errorf("of %v: %q, want %q", c.levels, got, c.want)
		}
	}
}

func TestFindingsAsJSONAreReadBackTheSame(t *testing.T) {
	want := Examine(healthy())
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got []Finding
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
