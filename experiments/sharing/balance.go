package sharing

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
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
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// balance has workers add 1 to one number, the balance of an account. Reading
// and writing are two instructions, with about 1 us of computing between them,
// so a worker that writes what it computed from an old balance undoes what
// others did meanwhile. A worker that loses its core in between undoes all that
// the others did while it was away.
//
// With a lock all of an update is done under it, so that the lock decides how many
// are at work: what is left outside, the loop and the lock's own instructions, takes
// a hundredth of the time. Starting workers is not in it.
//
// The models are those of the grid (package model), with a goroutine or a thread for
// each worker; coroutine resumes functions in turn on one goroutine (package iter),
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
		if len(args) < 2 {
			return fmt.Errorf("updating shared numbers: %d arguments, want a lock and how often", len(args))
		}
		accounts, err := openAccounts(len(args)-1, args[0] == "mutex")
		if err != nil {
			return err
		}
		return attend(func(episode int) error {
			n, err := strconv.Atoi(args[1+episode])
			if err != nil {
				return fmt.Errorf("updating a shared number: %w", err)
			}
			return accounts[episode].add(n)
		})
	}},
	Label:    "updates of one number",
	Counts:   []string{"lost"},
	Sections: balanceSections,
}

func balanceSections() []section.Section {
	return []section.Section{{
		Topic: "Lost updates without a lock", Claims: []string{"S3"}, Answer: true,
		Why: "An update reads, adds and writes back: whoever is stopped between writes back what is true no more.",
		Form: section.Dots{
			Name: "lost",
			Finding: []section.Clause{
				section.Lean(
					lostBy("goroutine", "without a lock {goroutines} lose %s of their updates"),
					lostBy("gil", "%s under an emulated GIL"),
					lostBy("coroutine", "%s as coroutines")),
			},
			Of: section.Pick{"lock", "none"}, Rows: []string{"model"},
			Panels: []section.Panel{{
				Title:  "share of the updates lost",
				Format: func(v float64) string { return section.Total{Count: v, Tries: 100}.Share() },
				Tick:   func(v float64) string { return number.Percent(v / 100) },
				Value:  lostOf,
			}},
			Subtitle: "Updates of a number that another one overwrote: read, change and write are three steps. {workers} update it, in serial code 1; processes in memory that they share.",
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

// updates is how many a trial makes. There are more where only one thread runs at a
// time and nothing is kept apart, so that the turn changes a few times while they last.
func updates(model, lock string) int {
	switch {
	case model == "cpython-thread" && lock == "none":
		return 700_000
	case model == "cpython-thread":
		return 150_000
	case oneCore(model) && lock == "none":
		return 100_000
	}
	return 700 * card.Tries
}

// oneCore are the models in which the turn changes only when Go takes it away, after 10
// to 20 ms, or when it is given up.
func oneCore(model string) bool { return model == "gil" || model == "loop" }

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

// batch is how many updates a worker does before it looks for more: an item of a
// pool's channel, a turn of a coroutine.
const batch = 100

// An account is one number and what keeps its updates apart.
type account struct {
	number *int64
	by     func(a *account, n int) error // does n updates
	yields bool                          // it gives its turn up under the lock now and then
	took   span                          // the time in which it was updated
}

func (a *account) add(n int) error {
	from := clock.Now()
	err := a.by(a, n)
	a.took.add(from, clock.Now())
	return err
}

// processLock updates under a lock that processes share.
func processLock(lock *ipc.Lock) func(*account, int) error {
	return func(a *account, n int) error {
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
//
// Where only one thread runs at a time an episode would end before its turn does. So a
// worker gives its turn up in the middle of every hundredth update, between reading and
// writing, where without a lock it would undo what the others do then.
func mutexLock() func(*account, int) error {
	var lock sync.Mutex
	return func(a *account, n int) error {
		for i := range n {
			lock.Lock()
			next := plusOne(load(a.number))
			if a.yields && i%100 == 50 {
				runtime.Gosched()
			}
			store(a.number, next)
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

// plusOne computes for about 1 us and gives n + 1. It takes many steps of a
// generator of random numbers (Knuth's MMIX) and the same steps back, which the
// compiler does not see through.
//
//go:noinline
func plusOne(n int64) int64 {
	const (
		factor  = 6364136223846793005
		inverse = 13877824140714322085 // factor * inverse = 1 modulo 1<<64
		summand = 1442695040888963407
		steps   = 350
	)
	x := uint64(n)
	for range steps {
		x = x*factor + summand
	}
	for range steps {
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
	run := balanceModels[t.Get("model")]
	return card.Session{Run: func() (protocol.Measurement, error) {
		numbers := make([]int64, episodes(t))
		var wall int64
		for e := range numbers {
			a := account{number: &numbers[e], by: noLock}
			if locked {
				a.by, a.yields = mutexLock(), oneCore(t.Get("model"))
			}
			if err := run(t.Int("workers", 1), share(t.Ops, len(numbers), e), &a); err != nil {
				return nil, err
			}
			wall += a.took.to - a.took.from
		}
		return balanceLost(t, protocol.Measurement{"ns/op": float64(wall) / float64(t.Ops)}, numbers)
	}}, nil
}

// errDetecting is why the race detector's builds do not run what is a race on
// purpose: they would report it, and rightly so. With a lock they run, and look
// whether it keeps the updates apart.
var errDetecting = errors.New("updates without a lock are data races on purpose: build without -race")

// balanceLost adds how many updates were lost, of the number of each episode.
func balanceLost(t card.Trial, m protocol.Measurement, numbers []int64) (protocol.Measurement, error) {
	all := 0
	for e, final := range numbers {
		made := share(t.Ops, len(numbers), e)
		if final < 1 || final > int64(made) {
			return nil, fmt.Errorf("%d updates by 1 gave %d", made, final)
		}
		all += made - int(final)
	}
	m[card.UnitTries], m[card.UnitEpisodes], m["lost"] = float64(t.Ops), float64(len(numbers)), float64(all)
	return m, nil
}

// cacheLine keeps numbers in shared memory apart, which begins at one.
const cacheLine = 64

// numberIn is one of the numbers in shared memory.
func numberIn(m *ipc.Memory, index int) *int64 {
	return (*int64)(unsafe.Pointer(&m.Bytes()[index*cacheLine]))
}

// openAccounts opens, in a part, what a trial made for so many episodes.
func openAccounts(episodes int, locked bool) ([]*account, error) {
	memory, err := ipc.OpenMemory(ipc.Inherited(0))
	if err != nil {
		return nil, err
	}
	var all []*account
	for e := range episodes {
		a := &account{number: numberIn(memory, e), by: noLock}
		if locked {
			lock, err := ipc.OpenLock(ipc.Inherited(1 + e))
			if err != nil {
				return nil, err
			}
			a.by = processLock(lock)
		}
		all = append(all, a)
	}
	return all, nil
}

func prepareProcesses(t card.Trial) (card.Session, error) {
	n := episodes(t)
	memory, err := ipc.NewMemory(n * cacheLine)
	if err != nil {
		return card.Session{}, err
	}
	free := memory.Close
	files := []*os.File{memory.File()}
	for range n {
		lock, err := ipc.NewLock()
		if err != nil {
			return card.Session{}, errors.Join(err, free())
		}
		rest := free
		free = func() error { return errors.Join(lock.Free(), rest()) }
		files = append(files, lock.File())
	}
	workers := t.Int("workers", 1)
	c, err := assemble(t, workers, "update", same(files...), func(index int) []string {
		args := []string{t.Get("lock")}
		for e := range n {
			args = append(args, strconv.Itoa(share(share(t.Ops, n, e), workers, index)))
		}
		return args
	})
	if err != nil {
		return card.Session{}, errors.Join(err, free())
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) {
			m, err := job(c, t.Ops, n, nil)
			if err != nil {
				return nil, err
			}
			numbers := make([]int64, n)
			for e := range numbers {
				numbers[e] = load(numberIn(memory, e))
			}
			return balanceLost(t, m, numbers)
		},
		Close: func() error {
			c.Kill()
			return free()
		},
	}, nil
}

// balanceModels lay ops updates over workers.
var balanceModels = map[string]func(workers, ops int, a *account) error{
	"serial":    func(_, ops int, a *account) error { return a.add(ops) },
	"goroutine": balanceGoroutines,
	"loop":      balanceGoroutines,
	"pool": func(workers, ops int, a *account) error {
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
	"thread":    balanceThreads,
	"gil":       balanceThreads,
	"coroutine": balanceCoroutines,
}

func balanceGoroutines(workers, ops int, a *account) error {
	var running errgroup.Group
	for w := range workers {
		running.Go(func() error { return a.add(share(ops, workers, w)) })
	}
	return running.Wait()
}

func balanceThreads(workers, ops int, a *account) error {
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
func balanceCoroutines(workers, ops int, a *account) error {
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
