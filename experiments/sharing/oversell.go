package sharing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
	"unsafe"

	"parcon/experiments/section"

	"golang.org/x/sync/errgroup"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/scratch"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// oversell sells what is in a JSON file to many buyers at once, a ticket for every
// fifty: a file system may take a millisecond to write one that was cut off. Each reads the file, looks whether there is a ticket left,
// and writes the file with one less. Nothing waits between looking and writing
// but the calls themselves.
//
// A buyer that finds a broken file tries again as long as somebody may still
// write it. Two who write at the same time can leave a file that nobody mends;
// then all who have not finished find it broken, and give up. There is no limit of
// tries, because how often a ticket is sold twice would depend on it. The buyers
// live through all sales of a trial; for each sale a gate in shared memory lets
// them go together.
var oversell = card.Card{
	Name: "tickets", Doc: "how often is one ticket sold to several buyers?",
	Keys: []card.Choice{
		{Key: "unit", Values: []string{"thread", "process"}},
		{Key: "lock", Values: []string{"none", "flock"}, Words: lockWords, Format: "with %s"},
		{Key: "buyers", Format: "%s buyers"},
	},
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Procs: func(v variant.Variant, cores int) int {
		buyers, err := v.Int("buyers", 1)
		if v.Get("unit") == "thread" && err == nil {
			return buyers + 1
		}
		return cores
	},
	Cases:   oversellCases,
	Claims:  oversellClaims,
	Prepare: prepareOversell,
	Parts: map[string]func([]string) error{"buy": func(args []string) error {
		var numbers [2]int
		if len(args) != len(numbers)+1 {
			return fmt.Errorf("buying tickets: %d arguments, want %d", len(args), len(numbers)+1)
		}
		for i := range numbers {
			var err error
			if numbers[i], err = strconv.Atoi(args[i]); err != nil {
				return fmt.Errorf("buying tickets: %w", err)
			}
		}
		o, err := openOffice()
		if err != nil {
			return err
		}
		path := pathOf(firstFD + officeFiles)
		return attend(func(int) error {
			return o.buyer(context.Background(), numbers[0], numbers[1], path, args[2] == "flock")
		})
	}},
	Label:    "ticket sale",
	Counts:   []string{"oversold", "broken-reads", "gave-up"},
	Sections: oversellSections,
}

func oversellSections() []section.Section {
	return []section.Section{{
		Topic: "One ticket, many buyers", Claims: []string{"S4", "S5"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted("seen", "without a lock %s sales sold tickets that were not there", "lock", "none"),
				section.Counted("seen", "with a lock %s did", "lock", "flock"),
			},
			Columns: []section.Column{
				section.Under("buyers", func(_ section.Samples, row section.Row) string {
					return row[0].Get("buyers") + map[string]string{"thread": " threads", "process": " processes"}[row[0].Get("unit")]
				}),
				section.Under("lock", func(_ section.Samples, row section.Row) string { return row[0].Get("lock") }),
				section.Under("sales of more tickets than there were", section.Count("seen")),
				section.Under("tickets too many", section.Number("oversold")),
				section.Under("reads of a broken file", section.Number("broken-reads")),
			},
			Note: "Each sale has at most a tenth as many tickets as buyers, in a JSON file. Tickets too many: of all sales together. Broken: how often a buyer read a file that another one was writing.",
		},
	}}
}

func sold(unit, lock string) variant.Variant {
	return card.Of("tickets", "unit", unit, "lock", lock, "buyers", "100")
}

// Sales in which more tickets were sold than there were.
var (
	oversold = card.Measure{Name: "sales that sold too many", Unit: card.UnitSeen, How: card.Every}
	anySold  = card.Measure{Name: "sales that sold too many", Unit: card.UnitSeen, How: card.Some}
)

func oversellCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, unit := range []string{"thread", "process"} {
		cases = append(cases, card.Run(1, sold(unit, "none")), card.Run(card.Tries, sold(unit, "flock")))
	}
	return cases
}

func oversellClaims(card.Scale) []card.Claim {
	return []card.Claim{{
		ID:          "S4",
		Caveat:      "A buyer that finds the file half written tries again, as long as any other buyer is still at work.",
		Text:        "Looking first and buying then, through a shared file, sells one ticket to many buyers",
		Comparisons: []card.Comparison{card.Sometimes(anySold, sold("thread", "none")), card.Sometimes(anySold, sold("process", "none"))},
	}}
}

// pause is how long a buyer waits before it reads a broken file again.
const pause = 100 * time.Microsecond

// An office is what the buyers and the trial share beside the file.
type office struct {
	memory *ipc.Memory
	// Sale i begins at gate i modulo 2, so that nobody passes the same gate twice
	// before it is shut.
	gates [2]*ipc.Event
	// all is set by the last who waits for the next sale.
	all *ipc.Event
}

// counts lie in the office's memory.
type counts struct {
	waiting         atomic.Int64 // buyers who have finished, and wait for the next sale
	stuck           atomic.Int64 // buyers whose last look found a broken file
	sold            atomic.Int64
	broken, givenUp atomic.Int64 // looks at a broken file, and buyers, in all sales
}

func (o *office) counts() *counts { return (*counts)(unsafe.Pointer(&o.memory.Bytes()[0])) }

// officeFiles is how many descriptors an office has.
const officeFiles = 4

func (o *office) files() []*os.File {
	return []*os.File{o.memory.File(), o.gates[0].File(), o.gates[1].File(), o.all.File()}
}

func newOffice() (*office, error) {
	o := &office{}
	var errs [officeFiles]error
	o.memory, errs[0] = ipc.NewMemory(int(unsafe.Sizeof(counts{})))
	o.gates[0], errs[1] = ipc.NewEvent()
	o.gates[1], errs[2] = ipc.NewEvent()
	o.all, errs[3] = ipc.NewEvent()
	if err := errors.Join(errs[:]...); err != nil {
		return nil, errors.Join(err, o.close())
	}
	return o, nil
}

func openOffice() (*office, error) {
	o := &office{}
	var errs [officeFiles]error
	o.memory, errs[0] = ipc.OpenMemory(ipc.Inherited(0))
	o.gates[0], errs[1] = ipc.OpenEvent(ipc.Inherited(1))
	o.gates[1], errs[2] = ipc.OpenEvent(ipc.Inherited(2))
	o.all, errs[3] = ipc.OpenEvent(ipc.Inherited(3))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, errors.Join(err, o.close())
	}
	return o, nil
}

func (o *office) close() error {
	var errs []error
	if o.memory != nil {
		errs = append(errs, o.memory.Close())
	}
	for _, e := range []*ipc.Event{o.gates[0], o.gates[1], o.all} {
		if e != nil {
			errs = append(errs, e.Free())
		}
	}
	return errors.Join(errs...)
}

// buyer is one of so many buyers and takes part in all sales.
func (o *office) buyer(ctx context.Context, buyers, sales int, path string, locked bool) error {
	var lock *os.File
	if locked {
		// Opened by this buyer: a lock belongs to the opening.
		var err error
		if lock, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
			return fmt.Errorf("opening the file of tickets to lock it: %w", err)
		}
		defer lock.Close()
	}
	for sale := range sales {
		if err := o.arrive(buyers); err != nil {
			return err
		}
		if err := await(ctx, o.gates[sale%2], "the beginning of a sale"); err != nil {
			return err
		}
		if err := o.buy(ctx, buyers, path, lock); err != nil {
			return err
		}
	}
	return o.arrive(buyers)
}

// arrive says that one more waits for the next sale, or for the end.
func (o *office) arrive(buyers int) error {
	if o.counts().waiting.Add(1) == int64(buyers) {
		return o.all.Set()
	}
	return nil
}

// await waits for an event, but not for ever.
func await(ctx context.Context, e *ipc.Event, what string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := e.Wait(ctx); err != nil {
		return fmt.Errorf("waiting for %s: %w", what, err)
	}
	return nil
}

func (o *office) buy(ctx context.Context, buyers int, path string, lock *os.File) error {
	if lock != nil {
		if err := flock(lock, exclusive); err != nil {
			return err
		}
	}
	if err := o.takeOne(ctx, buyers, path); err != nil {
		return err
	}
	if lock != nil {
		return flock(lock, unlocked)
	}
	return nil
}

// takeOne looks whether there is a ticket, and takes it.
func (o *office) takeOne(ctx context.Context, buyers int, path string) error {
	c := o.counts()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for stuck := false; ctx.Err() == nil; time.Sleep(pause) {
		// Who is stuck or has finished does not write: if that is everybody, what
		// is read now stays.
		final := c.stuck.Load()+c.waiting.Load() == int64(buyers)
		left, broken, err := readStock(path)
		if err != nil {
			return err
		}
		if broken {
			c.broken.Add(1)
		}
		switch {
		case broken && final:
			c.givenUp.Add(1)
			c.stuck.Add(-1)
			return nil
		case broken && !stuck:
			c.stuck.Add(1)
		case !broken && stuck:
			c.stuck.Add(-1)
		}
		if stuck = broken; broken {
			continue
		}
		if left < 1 {
			return nil
		}
		if err := writeStock(path, left-1); err != nil {
			return err
		}
		c.sold.Add(1)
		return nil
	}
	return fmt.Errorf("waiting for a broken file of tickets to be written: %w", ctx.Err())
}

func prepareOversell(t card.Trial) (card.Session, error) {
	o, err := newOffice()
	if err != nil {
		return card.Session{}, err
	}
	file, err := scratch.File(t.Env.Dir)
	if err != nil {
		return card.Session{}, errors.Join(err, o.close())
	}
	buyers, locked := t.Int("buyers", 1), t.Get("lock") == "flock"
	s := sales{office: o, path: pathOf(file.Fd()), stock: max(1, buyers/50), locked: locked, n: t.Ops}
	free := func() error { return errors.Join(o.close(), file.Close()) }
	if t.Get("unit") == "thread" {
		return card.Session{Run: func() (protocol.Measurement, error) { return s.toThreads(buyers) }, Close: free}, nil
	}
	c, err := assemble(t, buyers, "buy", same(append(o.files(), file)...), func(int) []string {
		return []string{strconv.Itoa(buyers), strconv.Itoa(t.Ops), t.Get("lock")}
	})
	if err != nil {
		return card.Session{}, errors.Join(err, free())
	}
	return card.Session{
		Run: func() (protocol.Measurement, error) {
			m, err := job(c, t.Ops, 1, func(ctx context.Context, _ int) error { return s.hold(ctx) })
			if err != nil {
				return nil, err
			}
			return s.report(m), nil
		},
		Close: func() error {
			c.Kill()
			return free()
		},
	}, nil
}

// sales are what a trial holds.
type sales struct {
	*office
	path   string
	stock  int // tickets for each sale
	locked bool
	n      int

	over, tooMany int // sales that sold too much, and by how many tickets
}

// toThreads sells to threads of this process.
func (s *sales) toThreads(buyers int) (protocol.Measurement, error) {
	running, ctx := errgroup.WithContext(context.Background())
	for range buyers {
		running.Go(func() error {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			return s.buyer(ctx, buyers, s.n, s.path, s.locked)
		})
	}
	running.Go(func() error { return s.hold(ctx) })
	if err := running.Wait(); err != nil {
		return nil, err
	}
	return s.report(protocol.Measurement{}), nil
}

// hold holds all sales and looks at each.
func (s *sales) hold(ctx context.Context) error {
	for sale := range s.n + 1 {
		if err := await(ctx, s.all, "buyers"); err != nil {
			return err
		}
		c := s.counts()
		if sale > 0 {
			if err := s.look(int(c.sold.Load())); err != nil {
				return fmt.Errorf("sale %d of %d: %w", sale, s.n, err)
			}
			if sale == s.n {
				return nil
			}
		}
		c.sold.Store(0)
		c.waiting.Store(0)
		if err := errors.Join(writeStock(s.path, s.stock), s.all.Clear(), s.gates[(sale+1)%2].Clear(), s.gates[sale%2].Set()); err != nil {
			return err
		}
	}
	return nil
}

// look counts a sale, and checks what a lock promises beside that: what is not
// sold lies in the file.
func (s *sales) look(sold int) error {
	if sold > s.stock {
		s.over++
		s.tooMany += sold - s.stock
	}
	if !s.locked {
		return nil
	}
	left, broken, err := readStock(s.path)
	if err == nil && (broken || sold+left != s.stock) {
		err = fmt.Errorf("with a lock %d of %d tickets were sold and %d are left (broken file: %v)", sold, s.stock, left, broken)
	}
	return err
}

// report adds what was seen.
func (s *sales) report(m protocol.Measurement) protocol.Measurement {
	m[card.UnitTries], m[card.UnitSeen] = float64(s.n), float64(s.over)
	m["oversold"] = float64(s.tooMany)
	m["broken-reads"] = float64(s.counts().broken.Load())
	m["gave-up"] = float64(s.counts().givenUp.Load())
	return m
}
