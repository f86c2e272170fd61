package sharing

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parcon/experiments/card"
	"parcon/experiments/cpython"
	"parcon/experiments/scratch"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// Who shares the creator's memory is seen in every try, the others in none.
func TestIsolation(t *testing.T) {
	for unit, seen := range map[string]float64{
		"process": 0, "fork": 0, "thread": 5, "goroutine": 5, "cpython-fork": 0, "cpython-thread": 5,
	} {
		t.Run(unit, func(t *testing.T) {
			m := try(t, "mechanism=isolation/unit="+unit, 5)
			if m[card.UnitTries] != 5 || m[card.UnitSeen] != seen {
				t.Errorf("%v, want 5 tries and %v seen", m, seen)
			}
		})
	}
}

// A copy finds everything. What a program that is started finds is what it was
// told: Go and CPython hand it their environment, and no file unless it is marked.
func TestInherited(t *testing.T) {
	key, value, _ := strings.Cut(proctest.QuickExit, "=")
	t.Setenv(key, value) // they have this environment
	for unit, finds := range map[string]string{
		"fork": "memory environment files", "spawn": "environment", "c-spawn": "environment files",
		"cpython-fork": "memory environment files", "cpython-spawn": "environment", "cpython-forkserver": "",
	} {
		t.Run(unit, func(t *testing.T) {
			const ops = 2
			m := try(t, "mechanism=inherited/unit="+unit, ops)
			for _, what := range heirlooms {
				want := 0.0
				if strings.Contains(finds, what) {
					want = ops
				}
				if got, counted := m[what]; m[card.UnitTries] != ops || got != want || !counted {
					t.Errorf("%s: %v, want %d tries and %v seen", what, m, ops, want)
				}
			}
		})
	}
}

func TestForked(t *testing.T) {
	for _, unit := range []string{"fork", "cpython-fork"} {
		t.Run(unit, func(t *testing.T) {
			m := try(t, "mechanism=forked/unit="+unit, 3)
			if m[card.UnitTries] != 3 || m[unitAlone] != 3 || m[unitLocked] != 3 {
				t.Errorf("%v, want 3 tries, all alone and locked", m)
			}
		})
	}
}

// A lock that nobody held when the copy was made is free in the copy, too.
func TestACopyTellsALockedLockFromAFreeOne(t *testing.T) {
	needsProc(t)
	proctest.Tidy(t)
	for _, was := range []uint32{0, 1} {
		held = was
		c, err := forkTrying()
		held = 0
		if err != nil {
			t.Fatal(err)
		}
		if locked, err := c.try(); err != nil || locked != (was == 1) {
			t.Errorf("a lock that was %d is locked in the copy: %v, %v", was, locked, err)
		}
		if err := c.end(); err != nil {
			t.Error(err)
		}
	}
}

// A copy that nobody tells anything any more ends.
func TestACopyEndsWithItsInput(t *testing.T) {
	needsProc(t)
	proctest.Tidy(t)
	c, err := forkTrying()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.end(); err != nil {
		t.Error(err)
	}
}

func TestCrash(t *testing.T) {
	for unit, survivors := range map[string]float64{"process": 4, "thread": 0} {
		for _, way := range []string{"panic", "nil", "segv", "kill", "exit", "memory"} {
			t.Run(unit+"/"+way, func(t *testing.T) {
				if way == "memory" && detecting {
					t.Skip("the race detector maps more memory than a limit leaves")
				}
				m := try(t, "mechanism=crash/unit="+unit+"/way="+way, 2)
				if m[card.UnitTries] != 2 || m[card.UnitSeen] != 2 || m["survivors"] != survivors {
					t.Errorf("%v, want 2 tries, 2 seen, %v survivors", m, survivors)
				}
			})
		}
	}
}

func TestAsTaught(t *testing.T) {
	for alive, want := range []struct{ processes, threads bool }{{false, true}, {false, false}, {true, false}} {
		if got := asTaught(false, alive); got != want.processes {
			t.Errorf("%d other processes alive: %v", alive, got)
		}
		if got := asTaught(true, alive); got != want.threads {
			t.Errorf("%d other threads alive: %v", alive, got)
		}
	}
}

// Every way has an end of its own: no other way is told by it.
func TestTells(t *testing.T) {
	ends := map[string][2]string{
		"panic":  {"exit status 2", "panic: crashing\n\ngoroutine 7 [running]:"},
		"nil":    {"exit status 2", "panic: runtime error: invalid memory address or nil pointer dereference"},
		"segv":   {"signal: segmentation fault", ""},
		"kill":   {"signal: killed", ""},
		"exit":   {"exit status 3", ""},
		"memory": {"exit status 2", "fatal error: runtime: cannot allocate memory"},
		"none":   {"exit status 0", ""},
		"error":  {"exit status 1", "panic: crashing"},
	}
	for end, e := range ends {
		for way := range ends {
			if got := tells(way, e[0], e[1]); got != (way == end && way != "none" && way != "error") {
				t.Errorf("%s is told by the end of %s: %v", way, end, got)
			}
		}
	}
}

func TestBalance(t *testing.T) {
	for _, model := range []string{"serial", "goroutine", "pool", "thread", "gil", "loop", "coroutine", "process", "cpython-thread"} {
		for _, lock := range []string{"none", "mutex"} {
			for _, ops := range []int{1, 2, 5000} {
				name := fmt.Sprintf("mechanism=balance/model=%s/lock=%s/workers=3", model, lock)
				t.Run(fmt.Sprintf("%s/%s/%d", model, lock, ops), func(t *testing.T) {
					if detecting && lock == "none" && model != "cpython-thread" {
						_, err := measure(name, t.TempDir(), ops)
						if !errors.Is(err, errDetecting) {
							t.Errorf("with the race detector: %v", err)
						}
						return
					}
					m := try(t, name, ops)
					lost := m["lost"]
					if m[card.UnitTries] != float64(ops) || lost < 0 || lost >= float64(ops) {
						t.Errorf("%v of %d updates", m, ops)
					}
					if got := m[card.UnitEpisodes]; model != "cpython-thread" && got != episodesIn(lock, ops) {
						t.Errorf("%v episodes with %s for %d updates", got, lock, ops)
					}
					if (lock == "mutex" || model == "serial" || model == "coroutine" || ops == 1) && lost != 0 {
						t.Errorf("%v updates lost where nothing can be", lost)
					}
				})
			}
		}
	}
}

// episodesIn is how many a trial has: with a lock as many as can be.
func episodesIn(lock string, ops int) float64 {
	if lock == "none" {
		return 1
	}
	return float64(min(card.Tries, ops))
}

// Every number is looked at: none may be higher than its updates, or lack all of them.
func TestBalanceIsOfAllEpisodes(t *testing.T) {
	trial := card.Trial{Ops: 10}
	m, err := balanceLost(trial, protocol.Measurement{}, []int64{4, 1, 3}) // of 4, 3 and 3
	if err != nil || m["lost"] != 2 || m[card.UnitTries] != 10 || m[card.UnitEpisodes] != 3 {
		t.Errorf("%v, %v", m, err)
	}
	for _, wrong := range [][]int64{{4, 4, 3}, {4, 3, 0}} {
		if _, err := balanceLost(trial, protocol.Measurement{}, wrong); err == nil {
			t.Errorf("%v was taken", wrong)
		}
	}
}

// The time is that from the first beginning to the last end.
func TestSpan(t *testing.T) {
	var s span
	for _, worked := range [][2]int64{{30, 40}, {20, 35}, {25, 50}} {
		s.add(worked[0], worked[1])
	}
	if s.from != 20 || s.to != 50 {
		t.Errorf("from %d to %d", s.from, s.to)
	}
}

// Workers on two cores, and enough updates that they meet: some are lost
// without a lock, and none with it, which a few updates would not show.
func TestALockKeepsUpdates(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("needs two cores")
	}
	for _, model := range []string{"process", "thread", "goroutine", "pool"} {
		t.Run(model, func(t *testing.T) {
			name := "mechanism=balance/model=" + model + "/workers=2/lock="
			if m := try(t, name+"mutex", 100_000); m["lost"] != 0 {
				t.Errorf("with a lock: %v", m)
			}
			if detecting {
				return // see errDetecting
			}
			if m := try(t, name+"none", 300_000); m["lost"] == 0 {
				t.Errorf("nothing was lost without a lock: %v", m)
			}
		})
	}
}

func TestBalanceProcs(t *testing.T) {
	for name, want := range map[string]int{
		"mechanism=balance/model=gil/lock=none/workers=4":    1,
		"mechanism=balance/model=loop/lock=none/workers=4":   1,
		"mechanism=balance/model=thread/lock=none/workers=4": 5,
		"mechanism=balance/model=pool/lock=none/workers=4":   8,
		"mechanism=tickets/unit=thread/lock=none/buyers=9":   10,
		"mechanism=tickets/unit=process/lock=none/buyers=9":  8,
	} {
		m, v, err := card.Parse(Chapter.Cards, name)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Procs(v, 8); got != want {
			t.Errorf("%s on 8 cores: %d, want %d", name, got, want)
		}
	}
}

func TestPlusOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if n := rapid.Int64().Draw(t, "n"); plusOne(n) != n+1 {
			t.Errorf("%d + 1 = %d", n, plusOne(n))
		}
	})
}

func TestTickets(t *testing.T) {
	const ops = 3
	for _, unit := range []string{"thread", "process"} {
		for _, buyers := range []int{1, 20} {
			for _, lock := range []string{"none", "flock"} {
				t.Run(fmt.Sprint(unit, "/", buyers, "/", lock), func(t *testing.T) {
					m := try(t, fmt.Sprintf("mechanism=tickets/unit=%s/lock=%s/buyers=%d", unit, lock, buyers), ops)
					sure := lock == "flock" || buyers == 1
					if m[card.UnitTries] != ops || m[card.UnitSeen] > ops || m["oversold"] < m[card.UnitSeen] ||
						sure && m[card.UnitSeen]+m["oversold"]+m["broken-reads"]+m["gave-up"] != 0 {
						t.Error(m)
					}
				})
			}
		}
	}
}

// A sale is judged by what was sold and, with a lock, by what is left.
func TestLookAtASale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tickets")
	for _, c := range []struct {
		sold, left int
		locked     bool
		over, many int
		fails      bool
	}{
		{sold: 10, left: 0, locked: true},
		{sold: 4, left: 6, locked: true},
		{sold: 9, left: 0, locked: true, fails: true},
		{sold: 11, left: 0, locked: true, over: 1, many: 1, fails: true},
		{sold: 10, left: 3},
		{sold: 17, left: 3, over: 1, many: 7},
	} {
		if err := writeStock(path, c.left); err != nil {
			t.Fatal(err)
		}
		s := sales{path: path, stock: 10, locked: c.locked}
		if err := s.look(c.sold); (err != nil) != c.fails || s.over != c.over || s.tooMany != c.many {
			t.Errorf("%+v: %d sales over by %d, %v", c, s.over, s.tooMany, err)
		}
	}
}

// A file that nobody mends is given up, and one without tickets sells none.
func TestABuyerGivesUp(t *testing.T) {
	o, err := newOffice()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	path := filepath.Join(t.TempDir(), "tickets")
	for text, want := range map[string][4]int64{ // sold, broken, given up, left
		`{"count":9}}`: {0, 2, 1, -1}, // once to be stuck, once to be sure
		``:             {0, 2, 1, -1},
		`{"count":0}`:  {0, 0, 0, 0},
		`{"count":2}`:  {1, 0, 0, 1},
	} {
		*o.counts() = counts{}
		o.counts().waiting.Store(2) // of three buyers, two have finished
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := o.takeOne(context.Background(), 3, path); err != nil {
			t.Fatal(err)
		}
		left, broken, err := readStock(path)
		if broken {
			left = -1
		}
		c := o.counts()
		if got := [4]int64{c.sold.Load(), c.broken.Load(), c.givenUp.Load(), int64(left)}; got != want || err != nil {
			t.Errorf("%q: sold, broken, given up, left %v, %v, want %v", text, got, err, want)
		}
		if stuck := c.stuck.Load(); stuck != 0 {
			t.Errorf("%q: %d are still stuck", text, stuck)
		}
	}
}

// As long as another buyer is neither stuck nor done, a broken file may yet be
// mended, and then it is.
func TestABuyerWaitsForAWriter(t *testing.T) {
	o, err := newOffice()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	path := filepath.Join(t.TempDir(), "tickets")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bought := make(chan error)
	go func() { bought <- o.takeOne(context.Background(), 2, path) }()
	for o.counts().broken.Load() < 5 {
		time.Sleep(time.Millisecond)
	}
	mended := path + "-mended"
	if err := errors.Join(writeStock(mended, 7), os.Rename(mended, path)); err != nil {
		t.Fatal(err)
	}
	if err := <-bought; err != nil {
		t.Fatal(err)
	}
	left, broken, err := readStock(path)
	if left != 6 || broken || err != nil || o.counts().sold.Load() != 1 || o.counts().givenUp.Load() != 0 {
		t.Errorf("%d left, broken %v, %v, %d sold", left, broken, err, o.counts().sold.Load())
	}
}

func TestLines(t *testing.T) {
	const ops = 102
	for _, medium := range []string{"tty", "pipe", "file"} {
		for _, size := range []int{shortest, 64, 4096, 8192, 65536} {
			for _, parts := range []string{"", "/parts=1", "/parts=2"} {
				for _, lock := range []string{"none", "flock"} {
					name := fmt.Sprintf("medium=%s/size=%d%s/lock=%s", medium, size, parts, lock)
					t.Run(name, func(t *testing.T) {
						m := try(t, "mechanism=lines/"+name, ops)
						torn := m["torn"]
						if m[card.UnitTries] != ops || torn < 0 || torn > ops || m[card.UnitEpisodes] != episodesIn(lock, ops) {
							t.Error(m)
						}
						// POSIX and flock promise these, and Linux that of a terminal.
						promised := lock == "flock" || medium == "pipe" && size <= 4096 && parts != "/parts=2" || medium == "tty" && parts != "/parts=2"
						if promised && torn != 0 {
							t.Errorf("%v lines torn", torn)
						}
					})
				}
			}
		}
	}
}

// A reader that says EIO before the last bytes, as a terminal may.
type earlyEnd struct{ left [][]byte }

func (e *earlyEnd) Read(p []byte) (int, error) {
	if len(e.left) == 0 {
		return 0, syscall.EIO
	}
	next := e.left[0]
	e.left = e.left[1:]
	if next == nil {
		return 0, &os.PathError{Op: "read", Path: "/dev/ptmx", Err: syscall.EIO}
	}
	return copy(p, next), nil
}

func TestATerminalThatEndsBeforeItsLastBytesLosesNone(t *testing.T) {
	j := newJudge(2, shortest)
	if err := j.readAll(&earlyEnd{[][]byte{line(0, 0, shortest), nil, line(1, 0, shortest)}}); err != nil {
		t.Fatal(err)
	}
	if torn, err := j.torn(); torn != 0 || err != nil {
		t.Error(torn, err)
	}
}

// Without a lock, lines in two parts or longer than the pipe's promise are torn.
// One trial may be lucky, twenty are not.
func TestUnlockedLinesAreTorn(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("needs two cores")
	}
	for _, name := range []string{
		"medium=tty/size=64/parts=2", "medium=pipe/size=64/parts=2", "medium=file/size=64/parts=2", "medium=pipe/size=8192", "medium=pipe/size=65536",
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				if m := try(t, "mechanism=lines/"+name+"/lock=none", 2000); m["torn"] > 0 {
					return
				}
			}
			t.Error("no line was torn")
		})
	}
}

// Fewer lines than writers, down to one.
func TestFewLines(t *testing.T) {
	for ops := 1; ops <= writersOfLines; ops++ {
		for _, lock := range []string{"none", "flock"} {
			if m := try(t, "mechanism=lines/medium=pipe/size=64/lock="+lock, ops); m[card.UnitTries] != float64(ops) || m["torn"] != 0 {
				t.Errorf("%s: %v", lock, m)
			}
		}
	}
}

// However the bytes arrive in pieces, whole lines are whole and those that
// were cut and mixed are not.
func TestJudge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "lines")
		size := rapid.IntRange(shortest, 40).Draw(t, "size")
		var all [][]byte
		for w := range writersOfLines {
			for i := range share(n, writersOfLines, w) {
				all = append(all, line(w, i, size))
			}
		}
		all = rapid.Permutation(all).Draw(t, "order")
		// The first pairs are mixed: the second line comes within the first.
		pairs := rapid.IntRange(0, n/2).Draw(t, "mixed pairs")
		var stream []byte
		for i := 0; i < 2*pairs; i += 2 {
			cut := rapid.IntRange(1, size-1).Draw(t, "cut")
			stream = append(append(append(stream, all[i][:cut]...), all[i+1]...), all[i][cut:]...)
		}
		for _, l := range all[2*pairs:] {
			stream = append(stream, l...)
		}
		j := newJudge(n, size)
		for len(stream) > 0 {
			piece := rapid.IntRange(1, len(stream)).Draw(t, "piece")
			if wrote, err := j.Write(stream[:piece]); wrote != piece || err != nil {
				t.Fatal(wrote, err)
			}
			if piece < len(stream) && j.lines*j.size != j.bytes {
				if _, err := j.torn(); err == nil {
					t.Fatal("bytes are missing, and nothing was said")
				}
			}
			stream = stream[piece:]
		}
		if torn, err := j.torn(); torn != 2*pairs || err != nil {
			t.Errorf("%d torn, %v, want %d", torn, err, 2*pairs)
		}
	})
}

// A line that comes twice is whole only once.
func TestJudgeCountsALineOnce(t *testing.T) {
	j := newJudge(8, 20)
	_, _ = j.Write(line(0, 1, 20))
	_, _ = j.Write(line(0, 1, 20))
	if j.whole != 1 {
		t.Errorf("%d whole lines", j.whole)
	}
}

func FuzzJudge(f *testing.F) {
	f.Add([]byte("a0000000000a\nb0000000000\n\n"), 2, 12)
	f.Add(line(1, 0, 12), 2, 12)
	f.Fuzz(func(t *testing.T, text []byte, lines, size int) {
		if lines < 1 || lines > 1000 || size < shortest || size > 1000 {
			return
		}
		j := newJudge(lines, size)
		_, _ = j.Write(text)
		torn, err := j.torn()
		if (err == nil) != (len(text) == lines*size) || torn < 0 || torn > lines {
			t.Errorf("%d of %d lines torn, %v", torn, lines, err)
		}
	})
}

func TestTally(t *testing.T) {
	for _, way := range []string{"shard", "mutex-map", "sync-map", "atomic"} {
		for _, workers := range []int{1, 2, 7} {
			for _, ops := range []int{1, 1000} {
				t.Run(fmt.Sprint(way, "/", workers, "/", ops), func(t *testing.T) {
					try(t, fmt.Sprintf("mechanism=tally/way=%s/workers=%d", way, workers), ops)
				})
			}
		}
	}
}

// Enough increments that the two processes meet: the trial checks their sum.
func TestCounterUnderContention(t *testing.T) {
	try(t, "mechanism=counter/medium=memory", 3_000_000)
}

// The sums are the workers' own numbers, not what was asked for.
func TestTallySums(t *testing.T) {
	for way, make := range tallies {
		count, sum := make(3)
		count(0, 5)
		count(2, 7)
		count(0, 1)
		if got := sum(); got != 13 {
			t.Errorf("%s: %d, want 13", way, got)
		}
	}
}

func TestCounter(t *testing.T) {
	for _, medium := range []string{"file", "pipe", "memory"} {
		for _, ops := range []int{1, 2, 101} {
			t.Run(fmt.Sprint(medium, "/", ops), func(t *testing.T) {
				m := try(t, "mechanism=counter/medium="+medium, ops)
				for _, unit := range []string{"ns/op", "cpu-ns/op", "cores-busy"} {
					if m[unit] <= 0 {
						t.Errorf("%s is %v", unit, m[unit])
					}
				}
			})
		}
	}
}

func TestShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, of := rapid.IntRange(0, 1000).Draw(t, "n"), rapid.IntRange(1, 100).Draw(t, "of")
		sum := 0
		for i := range of {
			own := share(n, of, i)
			if own < n/of || own > n/of+1 {
				t.Errorf("%d of %d fall to one of %d", own, n, of)
			}
			sum += own
		}
		if sum != n {
			t.Errorf("%d in all, want %d", sum, n)
		}
	})
}

func TestBadVariantsAreRefused(t *testing.T) {
	for _, name := range []string{
		"mechanism=isolation",
		"mechanism=isolation/unit=neighbour",
		"mechanism=crash/unit=process",
		"mechanism=crash/unit=goroutine/way=panic",
		"mechanism=crash/unit=process/way=sulk",
		"mechanism=balance/model=gil/workers=2",
		"mechanism=balance/model=gil/lock=flock/workers=2",
		"mechanism=balance/model=gil/lock=none/workers=0",
		"mechanism=tickets/unit=thread/lock=none/buyers=many",
		"mechanism=tickets/unit=goroutine/lock=none/buyers=2",
		"mechanism=lines/medium=pipe/size=-1/lock=none",
		"mechanism=lines/medium=pipe/size=64/lock=none/parts=3",
		"mechanism=tally/way=guess/workers=2",
		"mechanism=tally/way=atomic",
		"mechanism=counter/medium=air",
		"mechanism=counter/medium=file/size=2",
	} {
		if _, _, err := card.Parse(Chapter.Cards, name); err == nil {
			t.Errorf("%s was not refused", name)
		}
	}
}

func TestWhatCannotBePrepared(t *testing.T) {
	proctest.Tidy(t)
	for name, want := range map[string]string{
		"mechanism=isolation/unit=cpython-fork":                      "there is no CPython",
		"mechanism=balance/model=cpython-thread/lock=none/workers=2": "there is no CPython",
		"mechanism=lines/medium=pipe/size=11/lock=none":              "give at least 12",
		"mechanism=lines/medium=file/size=64/lock=none":              "making a file",
		"mechanism=tickets/unit=process/lock=none/buyers=2":          "making a file",
		"mechanism=counter/medium=file":                              "making a file",
		"mechanism=counter/medium=pipe":                              "waiting for a part's answer: exit status 1",
	} {
		m, v, err := card.Parse(Chapter.Cards, name)
		if err != nil {
			t.Fatal(err)
		}
		if m.Unmet(card.Scale{System: "plan9"}) != "" && runtime.GOOS != "linux" {
			continue
		}
		// The part is a program that is none, and the folder is not there.
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		env := card.Env{Part: []string{self, "part", "no", "such"}, Dir: filepath.Join(t.TempDir(), "none")}
		_, err = m.Prepare(card.Trial{Variant: v, Ops: 1, Env: env})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// A part that is started with nonsense says so and does not panic.
func TestPartsRefuseBadArguments(t *testing.T) {
	for _, m := range Chapter.Cards {
		for name, part := range m.Parts {
			for _, args := range [][]string{nil, {"x"}, {"x", "y"}, {"x", "y", "z"}, {"1", "2", "3", "4", "5", "6", "7"}, {"a", "b", "c", "d", "e", "f"}} {
				if err := part(args); err == nil {
					t.Errorf("part %s of %s took %q", name, m.Name, args)
				}
			}
		}
	}
}

// A part that dies in the middle ends the trial with one line, and nothing is
// left.
func TestAPartThatIsKilled(t *testing.T) {
	needsProc(t)
	for _, name := range crews {
		t.Run(name, func(t *testing.T) {
			proctest.Tidy(t)
			dir := t.TempDir()
			s, err := prepare(name, dir, 5_000_000)
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error)
			go func() {
				_, err := s.Run()
				ended <- err
			}()
			parts := others(t)
			if err := kill(parts[len(parts)-1]); err != nil {
				t.Error(err)
			}
			err = <-ended
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("the trial ended with %v", err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			noFiles(t, dir)
		})
	}
}

func needsProc(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
}

// others are the processes beside this one that run the test's program: the
// trials and parts. Zombies run nothing.
func others(t *testing.T) []int {
	t.Helper()
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, link := range links {
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
		if exe, err := os.Readlink(link); err == nil && exe == self && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// A trial that is killed in the middle takes all with it.
func TestATrialThatIsKilled(t *testing.T) {
	needsProc(t)
	for _, name := range append(slices.Clone(crews),
		"mechanism=isolation/unit=process",
		"mechanism=isolation/unit=fork",
		"mechanism=inherited/unit=spawn",
		"mechanism=forked/unit=fork",
		"mechanism=crash/unit=process/way=exit",
		"mechanism=crash/unit=thread/way=kill",
		"mechanism=tickets/unit=thread/lock=flock/buyers=10",
	) {
		t.Run(name, func(t *testing.T) {
			proctest.Tidy(t)
			dir := t.TempDir()
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			c := proc.Command([]string{self, "trial", name, dir}, []string{proctest.QuickExit})
			_, out := proctest.Start(t, c)
			if line, err := bufio.NewReader(out).ReadString('\n'); line != protocol.Ready+"\n" {
				t.Fatalf("it said %q, %v", line, err)
			}
			if !strings.Contains(name, "unit=fork") && !strings.Contains(name, "tickets/unit=thread") {
				for len(others(t)) < 2 { // the trial and a part: else nothing is shown
					time.Sleep(time.Millisecond)
				}
			}
			if err := c.Process.Kill(); err != nil {
				t.Error(err)
			}
			if err := c.Wait(); err == nil || err.Error() != "signal: killed" {
				t.Errorf("the trial ended with %v", err)
			}
			for range 1000 {
				if len(others(t)) == 0 {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			if left := others(t); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
			noFiles(t, dir)
		})
	}
}

// The socket of CPython's forkserver has a name: what a killed one left is cleared by
// the parent of trials.
func TestAKilledForkserverIsCleared(t *testing.T) {
	needsProc(t)
	python, err := found()
	if err != nil {
		t.Skip(err)
	}
	proctest.Tidy(t)
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	argv := []string{self, "trial", "mechanism=inherited/unit=cpython-forkserver", dir}
	c := proc.Command(argv, []string{proctest.QuickExit, cpython.Variable + "=" + python.Path})
	_, out := proctest.Start(t, c)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != protocol.Ready+"\n" {
		t.Fatalf("it said %q, %v", line, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("a forkserver's folders are %v, %v", left, err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = c.Wait()
	for range 1000 { // until Python is gone
		if err := scratch.Clear(dir); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err == nil && len(left) == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	noFiles(t, dir)
}

// endlessTrial is a trial that goes on until it is killed. It says when its
// parts are at work.
func endlessTrial(name, dir string) error {
	go proc.WatchParent(proc.Stdin())
	for {
		s, err := prepare(name, dir, 5_000_000)
		if err != nil {
			return err
		}
		fmt.Println(protocol.Ready)
		if _, err := s.Run(); err != nil {
			return err
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
}

// crews are variants whose parts live through the trial.
var crews = []string{
	"mechanism=balance/model=process/lock=mutex/workers=3",
	"mechanism=tickets/unit=process/lock=flock/buyers=10",
	"mechanism=tickets/unit=process/lock=none/buyers=10",
	"mechanism=lines/medium=pipe/size=64/lock=flock",
	"mechanism=lines/medium=file/size=64/lock=none",
	"mechanism=lines/medium=tty/size=64/lock=none",
	"mechanism=counter/medium=file",
	"mechanism=counter/medium=pipe",
	"mechanism=counter/medium=memory",
}

func kill(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}
