package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/nats-io/nats.go"
)

// An Asker has runs made.
type Asker struct {
	Conn *nats.Conn
	Identity
	Host     string
	Patience time.Duration // how long a silent agent is waited for
	Say      func(line string)
}

// A Part is what one agent is to do, and where it is kept.
type Part struct {
	Hello
	Trials, Lanes string // files
}

// An Outcome is how a part has ended.
type Outcome struct {
	Name     string
	Complete bool
	Reason   string // why it is not complete, or what else went wrong; "" if nothing did
}

// sayEvery is the time between two lines on how far all are.
const sayEvery = 10 * time.Second

// settle is how long an asker that is stopped waits for the last lines of its agents.
const settle = 10 * time.Second

// answerWithin is how long an agent may look at an order.
const answerWithin = 30 * time.Second

// member is an agent while it works.
type member struct {
	Part
	files    map[string]*copied
	heard    time.Time
	silent   bool
	done     bool
	complete bool
	reason   string
	note     string
}

// Run sends orders for a run to agents and keeps what they send, until all have ended, are
// silent for too long, or ctx ends, which ends their runs. Parts whose files hold something
// are gone on with.
func (a *Asker) Run(ctx context.Context, run string, options json.RawMessage, parts []Part) ([]Outcome, error) {
	to := nats.NewInbox()
	pieces := make(chan *nats.Msg, 1024)
	sub, err := a.Conn.ChanSubscribe(to, pieces)
	if err != nil {
		return nil, fmt.Errorf("listening to the fleet: %w", err)
	}
	defer func() { _ = sub.Unsubscribe() }()
	var all []*member
	for _, p := range parts {
		m, err := newMember(p)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	var asked sync.WaitGroup
	for _, m := range all {
		asked.Go(func() { m.order(ctx, a, run, to, options) })
	}
	asked.Wait()
	for _, m := range all {
		m.heard = time.Now() // what the first ones sent since then waits
	}
	a.follow(ctx, all, pieces)
	var outcomes []Outcome
	for _, m := range all {
		outcomes = append(outcomes, Outcome{m.Name, m.complete, m.reason})
	}
	return outcomes, nil
}

// newMember looks at what is there of a part. Lanes are made at the end of each sitting.
func newMember(p Part) (*member, error) {
	if err := os.Remove(p.Lanes); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("making room for the lanes of %s: %w", p.Name, err)
	}
	size, _, err := Size(p.Trials)
	if err != nil {
		return nil, fmt.Errorf("looking at what is there of %s: %w", p.Name, err)
	}
	return &member{Part: p, files: map[string]*copied{trials: {p.Trials, size}, lanes: {p.Lanes, 0}}}, nil
}

// order tells an agent what to do.
func (m *member) order(ctx context.Context, a *Asker, run, to string, options json.RawMessage) {
	size, sum, err := Size(m.Trials)
	var reply *nats.Msg
	if err == nil {
		o := Order{head{Protocol}, a.Identity, run, a.Host, to, options, size, sum, a.Patience.Seconds()}
		within, cancel := context.WithTimeout(ctx, answerWithin)
		defer cancel()
		reply, err = a.Conn.RequestWithContext(within, m.At, encode(o))
	}
	var said answer
	if err == nil {
		said, err = decode[answer](reply.Data)
	}
	switch {
	case err != nil:
		m.end(false, "it does not answer: "+err.Error())
	case said.Refused != "":
		m.end(false, "it refuses: "+clean(said.Refused))
	default:
		return
	}
	a.Say(m.Name + ": " + m.reason)
}

func (m *member) end(complete bool, reason string) {
	m.done, m.complete, m.reason = true, complete, reason
}

// follow keeps what arrives until nobody is expected to send any more.
func (a *Asker) follow(ctx context.Context, all []*member, pieces <-chan *nats.Msg) {
	tick := time.NewTicker(beat / 2)
	defer tick.Stop()
	told := time.Now()
	patience, stopped, stopping := a.Patience, ctx.Done(), ""
	for slices.ContainsFunc(all, func(m *member) bool { return !m.done && !m.silent }) {
		select {
		case <-stopped:
			stopped, stopping, patience = nil, "the asker stopped it", min(patience, settle)
		case msg := <-pieces:
			a.take(all, msg, stopping)
		case <-tick.C:
			for _, m := range all {
				a.listen(m, patience)
			}
			if time.Since(told) >= sayEvery && stopping == "" {
				told = time.Now()
				a.Say(statusOf(all))
			}
		}
	}
}

// listen notes that a member is silent.
func (a *Asker) listen(m *member, patience time.Duration) {
	if m.done || m.silent || time.Since(m.heard) <= patience {
		return
	}
	m.silent, m.reason = true, fmt.Sprintf("it has been silent for %v: what it sent is kept", patience.Round(time.Second))
	a.Say(m.Name + ": " + m.reason)
}

// take keeps a piece and confirms it.
func (a *Asker) take(all []*member, msg *nats.Msg, stopping string) {
	p, err := decode[piece](msg.Data)
	i := slices.IndexFunc(all, func(m *member) bool { return m.Name == p.Name })
	if err != nil || i < 0 || all[i].files[p.File] == nil {
		return // from nobody whom it asked
	}
	m := all[i]
	m.heard, m.note = time.Now(), clean(p.Note)
	if m.silent {
		m.silent, m.reason = false, ""
		a.Say(m.Name + " is back")
	}
	said := ack{head{Protocol}, 0, stopping}
	f := m.files[p.File]
	if m.reason == "" {
		if err := f.add(p.Offset, p.Text); err != nil {
			m.reason = err.Error()
			a.Say(m.Name + ": " + m.reason)
		}
	}
	said.Have = f.size
	if m.reason != "" && !m.done { // it cannot be kept, and need not be sent
		said.Have, said.Stop = p.Offset+int64(len(p.Text)), cmp.Or(stopping, "the asker cannot keep it")
	}
	if p.Done && !m.done && said.Have == p.Offset {
		m.end(p.Complete && m.reason == "", cmp.Or(m.reason, clean(p.Failed)))
		how := " is done"
		if !m.complete {
			how = " has ended"
		}
		a.Say(m.Name + how + because(m.reason))
	}
	_ = msg.Respond(encode(said))
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

// statusOf tells in one line how far all are.
func statusOf(all []*member) string {
	var parts []string
	for _, m := range all {
		note := cmp.Or(m.note, "it prepares itself")
		switch {
		case m.silent:
			note = "silent"
		case m.done && m.complete:
			note = "done"
		case m.done:
			note = "ended"
		}
		parts = append(parts, m.Name+": "+note)
	}
	return strings.Join(parts, " | ")
}

// clean makes a short line of what another process says.
func clean(text string) string {
	const most = 300
	text = strings.Join(strings.FieldsFunc(text, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return text
}
