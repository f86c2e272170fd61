package locking

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/number"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// relocks: the holder of a lock takes it again. That hangs or it does not; who
// hangs is freed when another unlocks for it. Then the holder lets go as often as
// it holds the lock, and another unit looks each time: the lock must be free after
// the last time and not before, or the trial fails.
//
// plain is sync.Mutex and ipc.Lock, reentrant a lock of this package and
// ipc.Reentrant. The other unit is another goroutine or another process.
var relocks = card.Card{
	Name: "relock", Doc: "lets the holder of a lock take it again and counts how often that hangs",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys:        []card.Choice{kindOfLock, unit},
	Cases:       relockCases,
	Claims:      relockClaims,
	Prepare:     prepareRelock,
	Parts:       map[string]func([]string) error{"holder": holderPart},
	Label:       "taking a lock twice hangs",
	Sections:    relocksSections,
}

func relocksSections() []section.Section {
	return []section.Section{{
		Topic: "A lock that its holder takes again", Claims: []string{"L5"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted("seen", "taken again by its holder, a plain lock hung in %s tries", "lock", plain),
				section.Counted("seen", "a reentrant one hung in %s", "lock", reentrantly),
				section.Lean(
					reentrantPrice(goroutine, "for goroutines a reentrant lock costs %s the time of a plain one"),
					reentrantPrice(process, "for processes %s")),
			},
			Rows: relockRows,
			Columns: []section.Column{
				section.Under("unit", section.Value("unit")),
				section.Under("plain lock hangs", hangsBy(plain)),
				section.Under("reentrant lock hangs", hangsBy(reentrantly)),
				section.Under("plain: time of a lock", lockTime(plain)),
				section.Under("reentrant: time of a lock", lockTime(reentrantly)),
				section.Under("reentrant over plain", func(s section.Samples, row section.Row) string {
					return reentrantOver(s, row[0].Get("unit")).In(number.Times)
				}),
			},
			Note: "Time to take a lock that nobody else wants and let it go, with {interval}s. " + section.Paired,
		},
	}}
}

func relocked(lock, unit string) variant.Variant {
	return card.Of("relock", "lock", lock, "unit", unit)
}

// relockCases: what does not hang is tried in one trial as often as the rest in four.
func relockCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, unit := range units {
		cases = append(cases, card.Run(card.Tries, relocked("plain", unit)), card.Run(4*card.Tries, relocked("reentrant", unit)))
	}
	return cases
}

func relockClaims(card.Scale) []card.Claim {
	claim := card.Claim{
		ID: "L5", Text: "A lock that its holder takes again hangs; a reentrant lock does not, and costs more",
		Caveat: "Go has no reentrant lock and no name for a goroutine: its holder is told to it here. The second take is made by a goroutine that stands for the holder, so that another can see it hang, which is watched for 10 ms.",
	}
	for _, unit := range units {
		claim.Comparisons = append(claim.Comparisons,
			card.Always(card.Seen, relocked("plain", unit)), card.Never(card.Seen, relocked("reentrant", unit)),
			card.Is(card.Time, lockTaken("reentrant", unit), card.More, lockTaken("plain", unit)))
	}
	return []card.Claim{claim}
}

// A take hangs that has not ended after so many looks, one each millisecond. They
// are counted, and not the time alone, so that a machine that stood still is less
// likely taken for a lock that hangs.
const (
	looks = 10
	aLook = time.Millisecond
)

// looksFor is how often is looked before a take counts as hanging. A reentrant
// lock is not meant to: it must not be taken for hanging because the machine was
// busy for a moment.
func looksFor(kind string) int {
	if kind == plain {
		return looks
	}
	return int(patience / aLook)
}

// The two units' names as owners.
const (
	holding  = 1
	watching = 2
)

// holder is the unit that takes a lock again.
type holder interface {
	take() error
	// again takes the lock that the unit holds. If that hangs, the lock is let go
	// of from outside, so that the second take ends.
	again() (hung bool, err error)
	letGo() error
}

func prepareRelock(t card.Trial) (card.Session, error) {
	kind := t.Get("lock")
	return makers[relocking]{
		goroutines: func() relocking {
			return func() (bool, error) {
				l := localLock(kind)
				return relock(localHolder{l, looksFor(kind)}, l)
			}
		},
		processes: func(t card.Trial, s *stage) (relocking, error) {
			p, err := newHolderProcess(t, s, kind)
			return func() (bool, error) { return relock(p, p.lock) }, err
		},
		stages: 3 * stages, // of one process each
	}.session(t, func(l lanes[relocking]) (protocol.Measurement, error) {
		hung, err := card.On(l, t.Ops, func(once relocking) (bool, error) { return once() })
		if err != nil {
			return nil, err
		}
		return card.Try(t.Ops, func(i int) (bool, error) { return hung[i], nil })
	})
}

// relocking is one try.
type relocking func() (hung bool, err error)

// relock is one try. l is the lock as the other unit sees it.
func relock(h holder, l lock) (hung bool, err error) {
	if err := h.take(); err != nil {
		return false, err
	}
	hung, err = h.again()
	if err != nil {
		return hung, err
	}
	times := 2
	if hung {
		times = 1 // the other time it was let go of from outside
	}
	for i := range times {
		if l.try(watching) {
			return hung, fmt.Errorf("taking a lock that is held %d times: another could take it after it was let go of %d times", times, i)
		}
		if err := h.letGo(); err != nil {
			return hung, err
		}
	}
	if !l.try(watching) {
		return hung, fmt.Errorf("taking a lock that was held %d times: another cannot take it after it was let go of so often", times)
	}
	return hung, l.letGo(watching)
}

// localHolder holds a lock in this process.
type localHolder struct {
	lock  lock
	looks int
}

func (h localHolder) take() error  { return h.lock.take(holding) }
func (h localHolder) letGo() error { return h.lock.letGo(holding) }

func (h localHolder) again() (hung bool, err error) {
	var failed error
	begun := make(chan struct{})
	ended := launch(1, func(int) {
		close(begun)
		failed = h.lock.take(holding)
	})
	<-begun
	for range h.looks {
		select {
		case <-ended:
			return false, failed
		case <-time.After(aLook):
		}
	}
	if err := h.lock.letGo(holding); err != nil {
		return true, err
	}
	if err := within(patience, ended, "a lock that was let go of is taken"); err != nil {
		return true, err
	}
	return true, failed
}

// holderProcess holds a lock in another process.
type holderProcess struct {
	stage *stage
	lock  sharedLock
}

// The words that it knows.
const (
	wordTake  = "take"
	wordAgain = "again"
	wordLetGo = "let go"
)

func newHolderProcess(t card.Trial, s *stage, kind string) (*holderProcess, error) {
	p := &holderProcess{stage: s}
	p.lock = put(s, func() (sharedLock, error) { return newSharedLock(kind) })
	// One Go processor more than the one that waits for the lock.
	return p, s.hire(t, 1, 2, "holder", kind)
}

func (p *holderProcess) order(word string) error {
	p.stage.crew.Tell(word)
	return p.stage.crew.Expect(done)
}

func (p *holderProcess) take() error  { return p.order(wordTake) }
func (p *holderProcess) letGo() error { return p.order(wordLetGo) }

func (p *holderProcess) again() (hung bool, err error) {
	answer, err := p.stage.crew[0].Ask(wordAgain)
	if err != nil {
		return false, err
	}
	if hung, err = strconv.ParseBool(answer); err != nil {
		return false, fmt.Errorf("a process was asked whether it hung and said %q", answer)
	}
	return hung, nil
}

// holderPart is a process that takes a lock, takes it again and lets it go when it
// is told.
func holderPart(args []string) error {
	if len(args) != 1 {
		return errors.New("holding a lock: its kind is missing: this program is started by parcon, not by hand")
	}
	l, err := inheritLock(args[0], 0)
	if err != nil {
		return err
	}
	h := localHolder{l, looksFor(args[0])}
	return peer.Attend(func(word string) (string, error) {
		switch word {
		case wordTake:
			return done, h.take()
		case wordAgain:
			hung, err := h.again()
			return strconv.FormatBool(hung), err
		case wordLetGo:
			return done, h.letGo()
		}
		return "", unknown(word)
	})
}

// relockRows has a row for each unit of this card, and of the one on the price.
func relockRows(s section.Samples) []section.Row {
	var rows []section.Row
	var units []string
	for _, v := range slices.Concat(s.Variants, s.Card(lockCosts.Name).Variants) {
		if unit := v.Get("unit"); !slices.Contains(units, unit) {
			units = append(units, unit)
			rows = append(rows, section.Row{v})
		}
	}
	return rows
}

func hangsBy(lock string) func(section.Samples, section.Row) string {
	return func(s section.Samples, row section.Row) string {
		return s.Total("seen", s.With("lock", lock, "unit", row[0].Get("unit"))...).String()
	}
}

func lockTime(lock string) func(section.Samples, section.Row) string {
	return func(s section.Samples, row section.Row) string {
		costs := s.Card(lockCosts.Name)
		return costs.Center(costs.The("lock", lock, "unit", row[0].Get("unit")), "ns/op").Span()
	}
}

// reentrantOver is the price of a reentrant lock.
func reentrantOver(s section.Samples, unit string) number.Interval {
	costs := s.Card(lockCosts.Name)
	return costs.Over(costs.The("lock", reentrantly, "unit", unit), costs.The("lock", plain, "unit", unit), "ns/op")
}

func reentrantPrice(unit, format string) section.Clause {
	return func(s section.Samples) string { return section.Ratio(reentrantOver(s, unit), format) }
}
