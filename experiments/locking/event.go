package locking

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parcon/experiments/card"
	"parcon/experiments/ipc"
	"parcon/experiments/peer"
	"parcon/experiments/section"
	"parcon/experiments/variant"
	"parcon/runner/clock"
	"parcon/runner/protocol"
)

// timeouts is the unit for how many waits timed out as they should.
const timeouts = "timeouts"

// eventTimeout is how long a unit waits for the event that is never set.
const eventTimeout = 2 * time.Millisecond

// events: some units wait for an event. When all do and none has passed, it is
// set, and all must wake. Then one unit waits with a time-out for another event
// that is never set. Goroutines use a channel that is closed; processes
// ipc.Event.
var events = card.Card{
	Name: "event", Doc: "sets an event that 8 units wait for; then one unit waits 2 ms for an event that is never set",
	Independent: true,
	Needs:       []card.Need{card.Linux},
	Keys:        []card.Choice{unit},
	Cases:       eventCases,
	Claims:      eventClaims,
	Prepare:     prepareEvent,
	Parts:       map[string]func([]string) error{"waiter": eventPart},
	Counts:      []string{"timeouts", "early"},
	Units:       []string{"late-p50-ns", "late-p99-ns", "late-max-ns"},
	Sections:    eventsSections,
}

func eventsSections() []section.Section {
	return []section.Section{{
		Topic: "An event", Claims: []string{"L2"},
		Form: section.Table{
			Finding: []section.Clause{
				section.Counted("seen", "an event woke all who waited in %s tries"),
				section.Counted("timeouts", "a wait for one that never came timed out in time in %s"),
			},
			Columns: []section.Column{
				section.Under("unit", section.Value("unit")),
				section.Under("all 8 woken", section.Count("seen")),
				section.Under("a wait of 2 ms timed out in time", section.Count("timeouts")),
				section.Under("too early", section.Count("early")),
				section.Under("typically late by (p50)", section.Span("late-p50-ns")),
				section.Under("at most late by (p99)", section.Span("late-p99-ns")),
			},
			Note: "p50 and p99: the median over trials, with its {interval} from seven trials on. Of fewer than 100 tries in a trial the p99 is the latest.",
		},
	}}
}

func eventOf(unit string) variant.Variant { return card.Of("event", "unit", unit) }

// cameEarly is what came before its time, and timedOut a wait that ends at its
// time-out, and is told that it did.
var (
	cameEarly = card.Measure{Name: "too early", Unit: early, How: card.Every}
	timedOut  = card.Measure{Name: "timed out", Unit: timeouts, How: card.Every}
)

func eventCases(card.Scale) []card.Case {
	var cases []card.Case
	for _, unit := range units {
		cases = append(cases, card.Run(card.Tries, eventOf(unit)))
	}
	return cases
}

func eventClaims(s card.Scale) []card.Claim {
	claim := card.Claim{ID: "L2", Text: "An event wakes all who wait, and a wait may time out"}
	for _, c := range eventCases(s) {
		claim.Comparisons = append(claim.Comparisons,
			card.Always(card.Seen, c.Variant), card.Always(timedOut, c.Variant), card.Never(cameEarly, c.Variant))
	}
	return []card.Claim{claim}
}

// eventUnits are units that can wait for events.
type eventUnits interface {
	gathering
	// set sets the event that the units wait for.
	set() error
	// timed lets one unit wait with a time-out for an event that is never set.
	// It returns how long it waited in ns and whether it was told that its time
	// was out.
	timed(limit time.Duration) (waited int64, timedOut bool, err error)
}

func prepareEvent(t card.Trial) (card.Session, error) {
	return makers[eventUnits]{
		goroutines: func() eventUnits { return &eventGoroutines{} },
		processes:  newEventProcesses,
	}.session(t, func(l lanes[eventUnits]) (protocol.Measurement, error) { return tryEvent(t.Ops, l) })
}

// tryEvent lets units wait with a time-out one after another, as how late they are is
// measured, and one clock would tell it to all who wait at the same time.
func tryEvent(tries int, l lanes[eventUnits]) (protocol.Measurement, error) {
	woken, err := card.On(l, tries, wakeAll)
	if err != nil {
		return nil, err
	}
	var after []int64
	asTheyShould := 0
	m, err := card.Try(tries, func(i int) (bool, error) {
		waited, timedOut, err := l[i%len(l)].timed(eventTimeout)
		if err != nil {
			return false, err
		}
		late := waited - int64(eventTimeout)
		after = append(after, late)
		if timedOut && late >= 0 {
			asTheyShould++
		}
		return woken[i], nil
	})
	if err != nil {
		return nil, err
	}
	m[timeouts] = float64(asTheyShould)
	for name, value := range lateness(after) {
		m[name] = value
	}
	return m, nil
}

// wakeAll says whether all units were woken by the event, and none before.
func wakeAll(units eventUnits) (bool, error) {
	t, tooEarly, err := assemble(units)
	if err != nil {
		return false, err
	}
	if err := units.set(); err != nil {
		return false, err
	}
	until(wakeLimit, func() bool { return t.woken.Load() >= waiters })
	inTime := t.woken.Load()
	if err := units.ended(); err != nil {
		return false, fmt.Errorf("setting an event that %d units wait for: %d woke: %w", waiters, t.woken.Load(), err)
	}
	return inTime == waiters && tooEarly == 0, nil
}

// eventGoroutines wait for a channel to be closed.
type eventGoroutines struct {
	event chan struct{}
	done  <-chan struct{}
}

func (e *eventGoroutines) gather() (*tally, error) {
	t, event := &tally{}, make(chan struct{})
	e.event = event
	e.done = launch(waiters, func(int) {
		t.waiting.Add(1)
		<-event
		t.woken.Add(1)
	})
	return t, nil
}

func (e *eventGoroutines) set() error { close(e.event); return nil }

func (e *eventGoroutines) ended() error {
	return within(patience, e.done, "all goroutines woke")
}

func (e *eventGoroutines) timed(limit time.Duration) (int64, bool, error) {
	never := make(chan struct{})
	start := clock.Now()
	select {
	case <-never:
		return clock.Now() - start, false, nil
	case <-time.After(limit):
		return clock.Now() - start, true, nil
	}
}

// eventProcesses wait for an ipc.Event.
type eventProcesses struct {
	stage        *stage
	tally        *shared[tally]
	event, never *ipc.Event
}

func newEventProcesses(t card.Trial, s *stage) (eventUnits, error) {
	p := &eventProcesses{stage: s}
	p.tally = put(s, share[tally])
	p.event = put(s, ipc.NewEvent)
	p.never = put(s, ipc.NewEvent)
	return p, s.hire(t, waiters, 1, "waiter")
}

func (p *eventProcesses) gather() (*tally, error) {
	p.tally.reset()
	if err := p.event.Clear(); err != nil {
		return nil, err
	}
	p.stage.crew.Tell("wait")
	return p.tally.at, nil
}

func (p *eventProcesses) set() error { return p.event.Set() }

func (p *eventProcesses) ended() error { return p.stage.crew.Expect(done) }

func (p *eventProcesses) timed(limit time.Duration) (int64, bool, error) {
	answer, err := p.stage.crew[0].Ask(limit.String())
	if err != nil {
		return 0, false, err
	}
	return parseWait(answer)
}

// parseWait reads how long a process waited, in ns, and whether its time was out.
func parseWait(text string) (waited int64, timedOut bool, err error) {
	ns, out, _ := strings.Cut(text, " ")
	waited, waitedErr := strconv.ParseInt(ns, 10, 64)
	timedOut, outErr := strconv.ParseBool(out)
	if waitedErr != nil || outErr != nil || waited < 0 {
		return 0, false, fmt.Errorf("reading how long a process waited from %q: want nanoseconds, and true or false", text)
	}
	return waited, timedOut, nil
}

// sayWait says what parseWait reads.
func sayWait(waited int64, timedOut bool) string {
	return strconv.FormatInt(waited, 10) + " " + strconv.FormatBool(timedOut)
}

// eventPart is a process that waits for the event when it is told to wait, and
// for the event that is never set when it is told a time-out.
func eventPart([]string) error {
	tally, err := inherit[tally](0)
	if err != nil {
		return err
	}
	event, err := ipc.OpenEvent(ipc.Inherited(1))
	if err != nil {
		return err
	}
	never, err := ipc.OpenEvent(ipc.Inherited(2))
	if err != nil {
		return err
	}
	return peer.Attend(func(word string) (string, error) {
		if word != "wait" {
			return waitForNever(never, word)
		}
		tally.waiting.Add(1)
		if err := event.Wait(context.Background()); err != nil {
			return "", err
		}
		tally.woken.Add(1)
		return done, nil
	})
}

// waitForNever returns how long it waited, and whether its time was out.
func waitForNever(never *ipc.Event, limit string) (string, error) {
	d, err := time.ParseDuration(limit)
	if err != nil {
		return "", unknown(limit)
	}
	start := clock.Now()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	err = never.Wait(ctx)
	waited := clock.Now() - start
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return "", err
	}
	return sayWait(waited, err != nil), nil
}
