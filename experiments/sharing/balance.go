package sharing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"parcon/experiments/number"

	"golang.org/x/sync/errgroup"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// balance has workers add 1 to one number, the balance of an account. Reading
// and writing are two instructions, with about 10 ns of computing between them,
// so a worker that writes what it computed from an old balance undoes what
// others did meanwhile. A worker that loses its core in between undoes all that
// the others did while it was away.
//
// The models are those of the grid (package model), laid over updates instead
// of tasks; coroutine resumes functions in turn on one goroutine (package iter),
// so a turn changes only where a coroutine says so: between two updates.
var balance = card.Card{
	Name: "balance", Doc: "how many updates of one number are lost?",
	Needs: []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "model", Values: []string{"serial", "goroutine", "pool", "thread", "gil", "loop", "coroutine", "process", "cpython-thread"}},
		{Key: "lock", Values: []string{"none", "mutex"}, Words: lockWords, Format: "with %s"},
		{Key: "workers", Format: "x %s"},
	},
	Procs: func(v variant.Variant, cores int) int {
		switch v.Get("model") {
		case "gil", "loop":
			return 1
		case "thread":
			workers, err := v.Int("workers", 1)
			if err == nil {
				return workers + 1
			}
		}
		return cores
	},
	Cases:   balanceCases,
	Claims:  balanceClaims,
	Prepare: prepareBalance,
	Parts: map[string]func([]string) error{"update": func(args []string) error {
		if len(args) != 2 {
			return fmt.Errorf("updating a shared number: %d arguments, want 2", len(args))
		}
		n, err := strconv.Atoi(args[0])
		if err != nil {
			return fmt.Errorf("updating a shared number: %w", err)
		}
		memory, err := ipc.OpenMemory(ipc.Inherited(0))
		if err != nil {
			return err
		}
		lock, err := ipc.OpenLock(ipc.Inherited(1))
		if err != nil {
			return err
		}
		a := account{number: numberIn(memory), by: noLock}
		if args[1] == "mutex" {
			a.by = processLock(lock)
		}
		return attend(func() error { return a.add(n) })
	}},
	Label:    "updates of one number",
	Counts:   []string{"lost"},
	Sections: balanceSections,
}

func balanceSections() []section.Section {
	return []section.Section{{
		Topic: "Lost updates without a lock", Claims: []string{"S3"}, Answer: true,
		Form: section.Dots{
			Name: "lost",
			Finding: []section.Clause{
				section.Lean(
					lostBy("goroutine", "without a lock {goroutines} lose %s of their updates"),
					lostBy("gil", "%s under a GIL"),
					lostBy("coroutine", "%s as coroutines")),
			},
			Of: section.Pick{"lock", "none"}, Rows: []string{"model"},
			Panels: []section.Panel{{
				Title:  "share of the updates lost",
				Format: func(v float64) string { return section.Total{Count: v, Tries: 100}.Share() },
				Tick:   func(v float64) string { return number.Percent(v / 100) },
				Value:  lostOf,
			}},
			Subtitle: "Updates of a number that another one overwrote: read, change and write are three steps. {workers} update it, in serial code 1.",
			Explain:  "model",
			Whiskers: "Whiskers: from the trial that lost least to the one that lost most.",
			Note:     "Dots: updates lost over updates made, in all trials together.",
			Below:    lostCounts,
		},
	}, {
		Topic: "What a lock mends, and what it costs", Claims: []string{"S3", "S5"},
		Form: section.Table{
			Finding: []section.Clause{
				func(s section.Samples) string {
					return s.Total("lost", slices.Concat(lockedRows(s)...)...).In("with a lock %s updates were lost")
				},
				lockedSpeed,
			},
			Rows: lockedRows,
			Columns: []section.Column{
				section.Under("model", section.Value("model")),
				section.Under("workers", section.Value("workers")),
				section.Under("lost with the lock", section.Count("lost")),
				section.Under("updates per second over one worker of its kind", func(s section.Samples, row section.Row) string {
					return s.Over(oneWorker(s, row[0]), row[0], "ns/op").In(number.Times)
				}),
				section.Under("over serial code", func(s section.Samples, row section.Row) string {
					return s.Over(serially(s, row[0]), row[0], "ns/op").In(number.Times)
				}),
				section.Under("time of an update, with the lock over without", func(s section.Samples, row section.Row) string {
					return s.Over(row[0], s.The("model", row[0].Get("model"), "lock", "none"), "ns/op").In(number.Times)
				}),
			},
			Explain: "model",
			Note:    "Updates per second are with the lock. Ratios have {interval}s; they are medians of the ratios in each round. Serial code takes the lock too, though nobody else wants it.",
		},
	}}
}

func balanced(model, lock string, workers int) variant.Variant {
	return card.Of("balance", "model", model, "lock", lock, "workers", card.Itoa(workers))
}

// Updates that another one overwrote.
var (
	lost    = card.Measure{Name: "lost", Unit: "lost", How: card.Every}
	anyLost = card.Measure{Name: "lost", Unit: "lost", How: card.Some}
)

// updates is how many a trial makes: more than ten million with a lock in the
// rounds of the standard profile. There are more where only one thread runs at a
// time, so that the turn changes a few times while they last.
func updates(model, lock string) int {
	switch {
	case model == "cpython-thread" && lock == "none":
		return 700_000
	case model == "cpython-thread":
		return 150_000
	case model == "gil" || model == "loop":
		return 8_000_000
	case model == "process" && lock != "none":
		return 1_000_000
	}
	return 2_500_000
}

// several is how many workers share a number: at least two.
func several(cores int) int { return max(2, cores) }

// serialised are the models that are measured with one worker too, to see what a
// lock makes of several.
var serialised = []string{"goroutine", "thread", "process"}

func balanceCases(s card.Scale) []card.Case {
	var cases []card.Case
	add := func(model, lock string, workers int) {
		cases = append(cases, card.Run(updates(model, lock), balanced(model, lock, workers)))
	}
	for _, lock := range []string{"none", "mutex"} {
		add("serial", lock, 1)
		for _, m := range []string{"goroutine", "pool", "thread", "gil", "loop", "coroutine", "process"} {
			add(m, lock, several(s.Cores))
		}
		if s.CPython() {
			add("cpython-thread", lock, several(s.Cores))
		}
	}
	for _, m := range serialised {
		add(m, "mutex", 1)
	}
	return append(cases, card.Second(card.Run(updates("serial", "mutex"), balanced("serial", "mutex", 1))))
}

func balanceClaims(s card.Scale) []card.Claim {
	w := several(s.Cores)
	loses := card.Claim{
		ID: "S3", Text: "An unlocked read, change and write loses updates, even where only one thread runs at a time",
		Caveat: "The number is read, changed and written by separate instructions, as in every bank account of a textbook.",
	}
	for _, m := range []string{"goroutine", "thread", "process", "gil"} {
		loses.Comparisons = append(loses.Comparisons, card.Sometimes(anyLost, balanced(m, "none", w)))
	}
	right := card.Claim{ID: "S5", Text: "With a lock nothing is lost or sold twice, and several workers are no faster than one"}
	for _, m := range []string{"goroutine", "pool", "thread", "gil", "loop", "process"} {
		right.Comparisons = append(right.Comparisons, card.Never(lost, balanced(m, "mutex", w)))
	}
	for _, unit := range []string{"thread", "process"} {
		right.Comparisons = append(right.Comparisons, card.Never(oversold, sold(unit, "flock")))
	}
	for _, m := range serialised {
		right.Comparisons = append(right.Comparisons,
			card.Is(card.Throughput, balanced(m, "mutex", w), card.NoMore, balanced(m, "mutex", 1)))
	}
	return []card.Claim{loses, right}
}

// batch is how many updates a worker does before it looks for more: a goroutine,
// an item of a pool's channel, a turn of a coroutine.
const batch = 1000

// An account is one number and what keeps its updates apart.
type account struct {
	number *int64
	by     func(a account, n int) error // does n updates
}

func (a account) add(n int) error { return a.by(a, n) }

// processLock updates under a lock that processes share.
func processLock(lock *ipc.Lock) func(account, int) error {
	return func(a account, n int) error {
		for range n {
			if err := lock.Lock(context.Background()); err != nil {
				return err
			}
			update(a.number)
			if err := lock.Unlock(); err != nil {
				return err
			}
		}
		return nil
	}
}

// mutexLock updates under a lock of one process.
func mutexLock() func(account, int) error {
	var lock sync.Mutex
	return func(a account, n int) error {
		for range n {
			lock.Lock()
			update(a.number)
			lock.Unlock()
		}
		return nil
	}
}

// update adds 1.
func update(number *int64) { store(number, plusOne(load(number))) }

// load and store are calls, so that the compiler neither keeps the number in a
// register nor makes one instruction of the two.
//
//go:noinline
func load(p *int64) int64 { return *p }

//go:noinline
func store(p *int64, value int64) { *p = value }

// plusOne computes for about 10 ns and gives n + 1. It takes a few steps of a
// generator of random numbers (Knuth's MMIX) and the same steps back, which the
// compiler does not see through.
//
//go:noinline
func plusOne(n int64) int64 {
	const (
		factor  = 6364136223846793005
		inverse = 13877824140714322085 // factor * inverse = 1 modulo 1<<64
		summand = 1442695040888963407
	)
	x := uint64(n)
	for range 4 {
		x = x*factor + summand
	}
	for range 4 {
		x = (x - summand) * inverse
	}
	return int64(x) + 1
}

func prepareBalance(t card.Trial) (card.Session, error) {
	locked := t.Get("lock") == "mutex"
	if t.Get("model") == "cpython-thread" {
		lock := 0
		if locked {
			lock = 1
		}
		return python(t, "", "balance", "workers="+t.Get("workers"), fmt.Sprint("lock=", lock))
	}
	if !locked && detecting {
		return card.Session{}, errDetecting
	}
	if t.Get("model") == "process" {
		return prepareProcesses(t)
	}
	a := account{number: new(int64), by: noLock}
	if locked {
		a.by = mutexLock()
	}
	run := balanceModels[t.Get("model")]
	return card.Session{Run: func() (protocol.Measurement, error) {
		if err := run(t.Int("workers", 1), t.Ops, a); err != nil {
			return nil, err
		}
		return balanceLost(t, protocol.Measurement{}, load(a.number))
	}}, nil
}

// errDetecting is why the race detector's builds do not run what is a race on
// purpose: they would report it, and rightly so. With a lock they run, and look
// whether it keeps the updates apart.
var errDetecting = errors.New("updates without a lock are data races on purpose: build without -race")

// balanceLost adds how many updates were lost.
func balanceLost(t card.Trial, m protocol.Measurement, final int64) (protocol.Measurement, error) {
	lost := int64(t.Ops) - final
	if lost < 0 || final < 1 {
		return nil, fmt.Errorf("%d updates by 1 gave %d", t.Ops, final)
	}
	m[card.UnitTries], m["lost"] = float64(t.Ops), float64(lost)
	return m, nil
}

// numberIn is the first word of shared memory, which begins at a cache line.
func numberIn(m *ipc.Memory) *int64 { return (*int64)(unsafe.Pointer(&m.Bytes()[0])) }

func prepareProcesses(t card.Trial) (card.Session, error) {
	memory, err := ipc.NewMemory(8)
	if err != nil {
		return card.Session{}, err
	}
	lock, err := ipc.NewLock()
	if err != nil {
		return card.Session{}, errors.Join(err, memory.Close())
	}
	workers := t.Int("workers", 1)
	c, err := assemble(t, workers, "update", same(memory.File(), lock.File()), func(index int) []string {
		return []string{strconv.Itoa(share(t.Ops, workers, index)), t.Get("lock")}
	})
	if err != nil {
		return card.Session{}, errors.Join(err, memory.Close(), lock.Free())
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) {
			m, err := job(c, t.Ops, nil)
			if err != nil {
				return nil, err
			}
			return balanceLost(t, m, load(numberIn(memory)))
		},
		Close: func() error {
			c.Kill()
			return errors.Join(memory.Close(), lock.Free())
		},
	}, nil
}

// balanceModels lay ops updates over workers.
var balanceModels = map[string]func(workers, ops int, a account) error{
	"serial": func(_, ops int, a account) error { return a.add(ops) },
	// At most as many goroutines at once as workers, as in the grid.
	"goroutine": func(workers, ops int, a account) error {
		var running errgroup.Group
		running.SetLimit(workers)
		for n := range batches(ops) {
			running.Go(func() error { return a.add(n) })
		}
		return running.Wait()
	},
	"pool": func(workers, ops int, a account) error {
		todo := make(chan int)
		var running errgroup.Group
		for range workers {
			running.Go(func() error {
				var failed error
				for n := range todo {
					failed = errors.Join(failed, a.add(n))
				}
				return failed
			})
		}
		for n := range batches(ops) {
			todo <- n
		}
		close(todo)
		return running.Wait()
	},
	"thread": balanceThreads,
	"gil":    balanceThreads,
	"loop": func(workers, ops int, a account) error {
		var running errgroup.Group
		for w := range workers {
			running.Go(func() error { return a.add(share(ops, workers, w)) })
		}
		return running.Wait()
	},
	"coroutine": balanceCoroutines,
}

func balanceThreads(workers, ops int, a account) error {
	var running errgroup.Group
	for w := range workers {
		running.Go(func() error {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			return a.add(share(ops, workers, w))
		})
	}
	return running.Wait()
}

// balanceCoroutines resumes the workers in turn until none has updates left.
func balanceCoroutines(workers, ops int, a account) error {
	var turns []func() (error, bool)
	for w := range workers {
		next, stop := iter.Pull(func(yield func(error) bool) {
			for n := range batches(share(ops, workers, w)) {
				if !yield(a.add(n)) {
					return
				}
			}
		})
		defer stop()
		turns = append(turns, next)
	}
	for len(turns) > 0 {
		next := turns[0]
		turns = turns[1:]
		err, more := next()
		if err != nil {
			return err
		}
		if more {
			turns = append(turns, next)
		}
	}
	return nil
}

// batches cuts n into pieces.
func batches(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; n > 0; n -= batch {
			if !yield(min(n, batch)) {
				return
			}
		}
	}
}

// lockWords is how a reader has the lock that there is not.
var lockWords = map[string]string{"none": "no lock"}

func lostBy(model, format string) section.Clause {
	return func(s section.Samples) string {
		t := s.Total("lost", s.With("model", model, "lock", "none")...)
		if t.Tries == 0 {
			return ""
		}
		return fmt.Sprintf(format, t.Share())
	}
}

// lostOf is a count over the tries of all trials together, in percent, between the
// trials with the least and the most: rare things show too, which a median of trials
// would hide.
func lostOf(s section.Samples, v variant.Variant) number.Interval {
	counted, tries := s.Counts(v, "lost")
	t := s.Total("lost", v)
	i := number.Interval{Estimate: 100 * number.AtMostAll(t.Count/t.Tries), Low: math.Inf(1), High: math.Inf(-1), N: len(counted)}
	for n := range counted {
		share := 100 * number.AtMostAll(counted[n]/tries[n])
		i.Low, i.High = min(i.Low, share), max(i.High, share)
	}
	return i
}

func lostCounts(s section.Samples) string {
	var counts []string
	for _, v := range s.With("lock", "none") {
		if t := s.Total("lost", v); t.Count > 0 {
			counts = append(counts, s.Word("model", v.Get("model"))+" "+t.String())
		}
	}
	if len(counts) == 0 {
		return ""
	}
	return "Lost without a lock: " + strings.Join(counts, "; ") + "."
}

// lockedRows are the variants with a lock that have the most workers of their model:
// what these are measured by has no row.
func lockedRows(s section.Samples) []section.Row {
	var rows []section.Row
	for _, v := range s.With("lock", "mutex") {
		if v.String() == s.Last("model", v.Get("model"), "lock", "mutex").String() {
			rows = append(rows, section.Row{v})
		}
	}
	return rows
}

// oneWorker is a variant's model with one worker and the lock.
func oneWorker(s section.Samples, v variant.Variant) variant.Variant {
	if v.Get("workers") == "1" {
		return variant.Variant{}
	}
	return s.The("model", v.Get("model"), "lock", "mutex", "workers", "1")
}

// serially is the baseline of a model with the same lock, none for CPython.
func serially(s section.Samples, v variant.Variant) variant.Variant {
	if strings.HasPrefix(v.Get("model"), "cpython") || v.Get("model") == "serial" {
		return variant.Variant{}
	}
	return s.The("model", "serial", "lock", v.Get("lock"))
}

// lockedSpeed says how fast several are with a lock.
func lockedSpeed(s section.Samples) string {
	speed := func(model, format string) section.Clause {
		return func(s section.Samples) string {
			v := s.Last("model", model, "lock", "mutex")
			return section.Ratio(s.Over(oneWorker(s, v), v, "ns/op"), format)
		}
	}
	said := section.Lean(
		speed("goroutine", "several goroutines make %s the updates per second of one"),
		speed("thread", "threads %s"),
		speed("process", "processes %s"))(s)
	if said != "" {
		return said
	}
	v := s.Last("model", "goroutine", "lock", "mutex") // no single one was measured
	return section.Ratio(s.Over(serially(s, v), v, "ns/op"), "several goroutines make %s the updates per second of serial code with it")
}
