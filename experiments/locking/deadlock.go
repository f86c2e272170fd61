package locking

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"parcon/experiments/section"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/number"
	"parcon/experiments/peer"
	"parcon/experiments/variant"
	"parcon/runner/protocol"
)

// The units of the mechanism deadlock, besides card.UnitTries and Seen.
const (
	hanging = "hanging" // units that had not ended when their try was over
	named   = "named"   // deadlocks whose two holders were both named rightly
)

// The values of the key order.
const (
	opposite = "opposite"
	fixed    = "fixed"
)

// deadlocks: two units take two locks each, with a moment between the two, in
// opposite or in one fixed order. A watchdog looks at the ledger in which they
// note what they hold and what they wait for, finds the deadlock, names who holds
// which lock, and cancels one of them, as databases do: the victim lets its first
// lock go and ends, the other gets both.
//
// Threads are goroutines that are locked to their threads and wait on channels;
// processes wait for an ipc.Lock.
var deadlocks = card.Card{
	Name: "deadlock", Doc: "lets two units take two locks, and a watchdog find and end their deadlocks",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys: []card.Choice{
		{Key: "unit", Values: []string{thread, process}},
		{Key: "order", Values: []string{opposite, fixed}},
	},
	Cases:    deadlockCases,
	Claims:   deadlockClaims,
	Prepare:  prepareDeadlock,
	Parts:    map[string]func([]string) error{"party": partyPart},
	Counts:   []string{"hanging", "named"},
	Sections: deadlocksSections,
}

func deadlocksSections() []section.Section {
	return []section.Section{{
		Topic: "Two locks in opposite order", Claims: []string{"L4"}, Answer: true,
		Why: "Each holds what the other one waits for, and nobody lets go.",
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted("seen", "two units that take two locks in opposite order were in a deadlock in %s tries", "order", opposite),
				section.Counted("seen", "in one fixed order they were in %s", "order", fixed),
				func(s section.Samples) string {
					left := s.Total("hanging", s.Variants...)
					if left.Tries == 0 {
						return ""
					}
					return number.Grouped(left.Count) + " left hanging"
				},
			},
			Columns: []section.Column{
				section.Under("unit", section.Value("unit")),
				section.Under("order of the locks", section.Value("order")),
				section.Under("deadlocks found", func(s section.Samples, row section.Row) string { return s.Occurrence(row[0], "seen") }),
				section.Under("both holders named", func(s section.Samples, row section.Row) string {
					return section.Total{Count: s.Total("named", row...).Count, Tries: s.Total("seen", row...).Count}.String()
				}),
				section.Under("left hanging", section.Number("hanging")),
			},
			Note: "A watchdog looks who holds and who waits, and makes one of the two give up. Holders named: of the deadlocks found. Left hanging: units in all tries.",
		},
	}}
}

func deadlockOf(unit, order string) variant.Variant {
	return card.Of("deadlock", "unit", unit, "order", order)
}

var leftHanging = card.Measure{Name: "left hanging", Unit: hanging, How: card.Every}

var deadlockUnits = []string{thread, process}

func deadlockCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, unit := range deadlockUnits {
		cases = append(cases, card.Run(card.Tries, deadlockOf(unit, "opposite")), card.Run(card.Tries, deadlockOf(unit, "fixed")))
	}
	return cases
}

func deadlockClaims(card.Scale) []card.Claim {
	claim := card.Claim{ID: "L4", Text: "Two locks taken in opposite order deadlock; one fixed order does not"}
	for _, unit := range deadlockUnits {
		claim.Comparisons = append(claim.Comparisons,
			card.Sometimes(card.Happens, deadlockOf(unit, "opposite")), card.Never(card.Seen, deadlockOf(unit, "fixed")),
			card.Never(leftHanging, deadlockOf(unit, "opposite")))
	}
	return []card.Claim{claim}
}

// tryLimit is how long a try may take: some hundred times as long as it does.
const tryLimit = 2 * time.Second

// An account is what a unit says of itself when it ends.
type account struct {
	unit   int
	first  int // the lock that it took first
	gaveUp bool
	err    error
}

// parties are the two units.
type parties interface {
	// ids are the names by which the units note what they hold.
	ids() [2]uint64
	// begin lets both units begin with fresh locks: unit u takes first[u], then
	// the other one. On the channel comes the account of each as it ends.
	begin(first [2]int) (*ledger, <-chan account, error)
	// cancel makes a unit that waits for a lock give up.
	cancel(unit int)
}

func prepareDeadlock(t card.Trial) (card.Session, error) {
	first := [2]int{0, 0}
	if t.Get("order") == opposite {
		first[1] = 1
	}
	return makers[parties]{
		goroutines: func() parties { return &threads{} },
		processes:  newProcesses,
		abreast:    1, // others would keep two threads from beginning at the same time
	}.session(t, func(l lanes[parties]) (protocol.Measurement, error) {
		outcomes, err := card.On(l, t.Ops, func(p parties) (outcome, error) { return watch(p, first, tryLimit) })
		return countDeadlocks(outcomes), err
	})
}

func countDeadlocks(outcomes []outcome) protocol.Measurement {
	m := protocol.Measurement{card.UnitTries: float64(len(outcomes)), card.UnitSeen: 0, hanging: 0, named: 0}
	for _, o := range outcomes {
		if o.found {
			m[card.UnitSeen]++
		}
		if o.named {
			m[named]++
		}
		m[hanging] += float64(o.hanging)
	}
	return m
}

// outcome is how one try ended.
type outcome struct {
	found, named bool
	hanging      int
}

// watch is one try: the watchdog's work. Who has not ended after the limit hangs.
func watch(p parties, first [2]int, limit time.Duration) (o outcome, err error) {
	ledger, ends, err := p.begin(first)
	if err != nil {
		return o, err
	}
	var seen sight
	var accounts []account
	look := time.NewTicker(moment)
	defer look.Stop()
	over, lost := time.After(limit), (<-chan time.Time)(nil)
	for len(accounts) < len(first) {
		select {
		case a := <-ends:
			accounts = append(accounts, a)
		case <-look.C:
			if s, ok := ledger.look(); ok && !o.found {
				if units := s.deadlock(p.ids()); units != nil {
					o.found, seen = true, s
					p.cancel(units[len(units)-1])
				}
			}
		case <-over:
			o.hanging = len(first) - len(accounts)
			p.cancel(0)
			p.cancel(1)
			lost = time.After(patience)
		case <-lost:
			return o, fmt.Errorf("cancelling %d units that wait for locks: waited %v in vain until they end", len(first)-len(accounts), patience)
		}
	}
	o.named = o.found && rightlyNamed(seen, p.ids(), accounts)
	return o, checkAccounts(accounts, o)
}

// rightlyNamed says whether the watchdog saw every unit hold the lock that it says
// it took.
func rightlyNamed(s sight, ids [2]uint64, accounts []account) bool {
	for _, a := range accounts {
		if s.holder[a.first] != ids[a.unit] {
			return false
		}
	}
	return true
}

// checkAccounts says what is wrong with how a try ended: one unit gives up for a
// deadlock and nobody without one.
func checkAccounts(accounts []account, o outcome) error {
	victims := 0
	var failed error
	for _, a := range accounts {
		failed = errors.Join(failed, a.err)
		if a.gaveUp {
			victims++
		}
	}
	switch {
	case failed != nil:
		return failed
	case o.hanging > 0: // both were cancelled
		return nil
	case o.found && victims != 1:
		return fmt.Errorf("ending a deadlock of two units: %d of them gave up, not 1: the deadlock was none", victims)
	case !o.found && victims != 0:
		return fmt.Errorf("taking two locks: %d units gave up without a deadlock", victims)
	}
	return nil
}

// pair is two locks as one unit sees them.
type pair interface {
	// take returns false if the unit was cancelled first.
	take(lock int) (bool, error)
	letGo(lock int) error
}

// takeBoth is what a unit does in a try.
func takeBoth(l *ledger, unit int, id uint64, locks pair, first int) account {
	a := account{unit: unit, first: first}
	second := 1 - first
	if a.gaveUp, a.err = takeOne(l, unit, id, locks, first); a.gaveUp || a.err != nil {
		return a
	}
	time.Sleep(moment)
	if a.gaveUp, a.err = takeOne(l, unit, id, locks, second); !a.gaveUp && a.err == nil {
		l.letGo(unit, second)
		a.err = locks.letGo(second)
	}
	l.letGo(unit, first)
	a.err = errors.Join(a.err, locks.letGo(first))
	return a
}

func takeOne(l *ledger, unit int, id uint64, locks pair, lock int) (gaveUp bool, err error) {
	l.wait(unit, lock)
	taken, err := locks.take(lock)
	if !taken || err != nil {
		l.gaveUp(unit)
		return !taken, err
	}
	l.took(unit, lock, id)
	return false, nil
}

// threads are two goroutines on threads of their own.
type threads struct {
	cancelled [2]chan struct{}
}

func (*threads) ids() [2]uint64 { return [2]uint64{1, 2} }

func (t *threads) begin(first [2]int) (*ledger, <-chan account, error) {
	var locks [2]chan struct{}
	for i := range locks {
		locks[i] = make(chan struct{}, 1)
		t.cancelled[i] = make(chan struct{}, 1)
	}
	l, ends, open := &ledger{}, make(chan account, 2), make(chan struct{})
	for u, id := range t.ids() {
		p := channelPair{locks: locks, cancelled: t.cancelled[u]}
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			<-open
			ends <- takeBoth(l, u, id, p, first[u])
		}()
	}
	close(open)
	return l, ends, nil
}

func (t *threads) cancel(unit int) {
	select {
	case t.cancelled[unit] <- struct{}{}:
	default: // it was already
	}
}

// channelPair are locks that a waiter can give up: who puts a token in holds it.
type channelPair struct {
	locks     [2]chan struct{}
	cancelled <-chan struct{}
}

func (p channelPair) take(lock int) (bool, error) {
	select {
	case p.locks[lock] <- struct{}{}:
		return true, nil
	case <-p.cancelled:
		return false, nil
	}
}

func (p channelPair) letGo(lock int) error { <-p.locks[lock]; return nil }

// processes are two processes with two locks between them.
type processes struct {
	stage  *stage
	ledger *shared[ledger]
	open   *ipc.Event // lets both begin at once
	locks  [2]*ipc.Lock
}

func newProcesses(t card.Trial, s *stage) (parties, error) {
	p := &processes{stage: s}
	p.ledger = put(s, share[ledger])
	p.open = put(s, ipc.NewEvent)
	for i := range p.locks {
		p.locks[i] = put(s, ipc.NewLock)
	}
	// One Go processor more than the one that waits for a lock: to hear that the
	// wait is cancelled.
	return p, s.hire(t, len(p.locks), 2, "party")
}

func (p *processes) ids() (ids [2]uint64) {
	for u, m := range p.stage.crew {
		ids[u] = uint64(m.Cmd.Process.Pid)
	}
	return ids
}

func (p *processes) begin(first [2]int) (*ledger, <-chan account, error) {
	p.ledger.reset()
	if err := p.open.Clear(); err != nil {
		return nil, nil, err
	}
	for i, l := range p.locks {
		if holder := l.Holder(); holder != 0 {
			return nil, nil, fmt.Errorf("lock %d is still held by process %d when a try begins", i, holder)
		}
	}
	for u, m := range p.stage.crew {
		_ = m.Tell(order{u, first[u]}.String())
	}
	if err := p.stage.crew.Expect(present); err != nil {
		return nil, nil, err
	}
	ends := make(chan account, len(p.stage.crew))
	for u, m := range p.stage.crew {
		go func() { ends <- accountOf(m, u) }()
	}
	return p.ledger.at, ends, p.open.Set()
}

// accountOf is the account that a process gives.
func accountOf(m *peer.Process, unit int) account {
	answer, err := m.Hear()
	if err != nil {
		return account{unit: unit, err: err}
	}
	a, err := parseAccount(answer)
	if err != nil {
		err = fmt.Errorf("asking process %d: %w", m.Cmd.Process.Pid, err)
	}
	a.unit, a.err = unit, err
	return a
}

// String is what parseAccount reads.
func (a account) String() string { return strconv.Itoa(a.first) + " " + strconv.FormatBool(a.gaveUp) }

// parseAccount reads the lock that a unit took first, and whether it gave up.
func parseAccount(text string) (account, error) {
	first, gaveUp, _ := strings.Cut(text, " ")
	lock, lockErr := strconv.Atoi(first)
	victim, victimErr := strconv.ParseBool(gaveUp)
	if lockErr != nil || victimErr != nil || lock < 0 || lock > 1 {
		return account{}, fmt.Errorf("reading an account from %q: want a lock, 0 or 1, and true or false", text)
	}
	return account{first: lock, gaveUp: victim}, nil
}

// An order tells a process which unit it is and which lock comes first.
type order struct{ unit, first int }

// String is what parseOrder reads.
func (o order) String() string { return strconv.Itoa(o.unit) + " " + strconv.Itoa(o.first) }

func parseOrder(text string) (order, error) {
	unit, first, _ := strings.Cut(text, " ")
	u, unitErr := strconv.Atoi(unit)
	lock, lockErr := strconv.Atoi(first)
	if unitErr != nil || lockErr != nil || min(u, lock) < 0 || max(u, lock) > 1 {
		return order{}, unknown(text)
	}
	return order{u, lock}, nil
}

func (p *processes) cancel(unit int) { _ = p.stage.crew[unit].Tell("cancel") }

// partyPart is a process that takes both locks whenever it is told which unit it is
// and which lock comes first.
func partyPart([]string) error {
	ledger, err := inherit[ledger](0)
	if err != nil {
		return err
	}
	open, err := ipc.OpenEvent(ipc.Inherited(1))
	if err != nil {
		return err
	}
	var locks [2]*ipc.Lock
	for i := range locks {
		if locks[i], err = ipc.OpenLock(ipc.Inherited(2 + i)); err != nil {
			return err
		}
	}
	cancel := func() {}
	defer func() { cancel() }()
	return peer.Attend(func(word string) (string, error) {
		if word == "cancel" {
			cancel()
			return "", nil
		}
		o, err := parseOrder(word)
		if err != nil {
			return "", err
		}
		cancel() // of the try before
		ctx, stop := context.WithCancel(context.Background())
		cancel = stop
		peer.Say(present)
		go func() {
			if err := open.Wait(ctx); err != nil {
				fail(err)
			}
			a := takeBoth(ledger, o.unit, uint64(os.Getpid()), lockPair{ctx, locks}, o.first)
			if a.err != nil {
				fail(a.err)
			}
			peer.Say(a.String())
		}()
		return "", nil
	})
}

// fail ends a process from a goroutine that nobody waits for.
func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// lockPair are locks that a process can give up waiting for.
type lockPair struct {
	ctx   context.Context
	locks [2]*ipc.Lock
}

func (p lockPair) take(lock int) (bool, error) {
	err := p.locks[lock].Lock(p.ctx)
	if errors.Is(err, context.Canceled) {
		return false, nil
	}
	return err == nil, err
}

func (p lockPair) letGo(lock int) error { return p.locks[lock].Unlock() }
