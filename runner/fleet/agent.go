package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// beat is the time between two pieces of an agent that has nothing to send.
const beat = time.Second

// An Errand is a run as the agent's program makes it.
type Errand struct {
	Trials string // the result file, which grows by lines
	Lanes  string // a file that is there, if at all, when the run has ended
	// Do makes the run until ctx ends, and says whether it was completed, and what went
	// wrong. It calls kept after each trial, before the next one starts.
	Do func(ctx context.Context, kept func(), say func(note string)) (complete bool, err error)
}

// An Agent makes runs for those who ask, one at a time.
type Agent struct {
	Conn *nats.Conn
	Identity
	Name, Host string
	// Begin checks an order, before anything is done.
	Begin func(Order) (Errand, error)
	Say   func(line string)

	mu   sync.Mutex
	busy string // with whose run
	told string // what was last wrong with a call
}

// Serve takes orders until ctx ends, and returns when the run that it was busy with has
// ended too.
func (a *Agent) Serve(ctx context.Context) error {
	at := nats.NewInbox()
	orders := make(chan *nats.Msg, 16)
	hear := func(m *nats.Msg) {
		_, err := decode[call](m.Data)
		a.mu.Lock()
		defer a.mu.Unlock()
		if err != nil && err.Error() != a.told { // calls are repeated
			a.told = err.Error()
			a.Say(a.told)
		}
		_ = m.Respond(encode(Hello{head{Protocol}, a.Identity, a.Name, a.Host, at, a.busy}))
	}
	calls, err := a.Conn.Subscribe(callSubject, hear)
	if err != nil {
		return fmt.Errorf("joining the fleet: %w", err)
	}
	taking, err := a.Conn.ChanSubscribe(at, orders)
	if err == nil {
		err = a.Conn.FlushTimeout(5 * time.Second) // from here on it is seen
	}
	if err != nil {
		return errors.Join(fmt.Errorf("joining the fleet: %w", err), calls.Unsubscribe())
	}
	defer func() { _, _ = calls.Unsubscribe(), taking.Unsubscribe() }()
	a.Say(fmt.Sprintf("%s has joined and waits for a run", a.Name))
	var running sync.WaitGroup
	defer running.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case m := <-orders:
			o, err := decode[Order](m.Data)
			errand, why := a.accept(o, err)
			if why == "" {
				running.Go(func() { a.carry(ctx, o, errand) })
			}
			_ = m.Respond(encode(answer{head{Protocol}, why}))
		}
	}
}

// accept takes an order, or says why not.
func (a *Agent) accept(o Order, err error) (Errand, string) {
	switch {
	case err != nil:
		return Errand{}, err.Error()
	case o.Identity != a.Identity:
		return Errand{}, "it is another version of parcon: use one version everywhere"
	case CheckName(o.Run) != nil:
		return Errand{}, CheckName(o.Run).Error()
	case o.To == "" || strings.ContainsAny(o.To, "*> \t\r\n") || o.Have < 0 || !(o.Patience >= 1 && o.Patience <= 24*3600):
		return Errand{}, "the order is no order of parcon's"
	}
	if was := a.take(cmp.Or(clean(o.From), "unknown")); was != "" {
		return Errand{}, fmt.Sprintf("it is busy with a run for %s", was)
	}
	errand, err := a.Begin(o)
	if err == nil && !begins(errand.Trials, o.Have, o.Sum) {
		err = errors.New("what it has kept of this run is not what the asker has of it, or is gone: start a new run")
	}
	if err != nil {
		a.free()
		return Errand{}, err.Error()
	}
	return errand, ""
}

// take makes an agent busy with somebody's run, unless it is with another's.
func (a *Agent) take(from string) (was string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy != "" {
		return a.busy
	}
	a.busy = from
	return ""
}

func (a *Agent) free() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.busy = ""
}

// carried is an errand under way.
type carried struct {
	*Agent
	order  Order
	errand Errand

	mu    sync.Mutex
	note  string
	kept  chan chan struct{} // a trial was kept; the answer is that it was sent
	heard time.Time          // when the asker last took something
	sent  map[string]int64   // bytes of each file that the asker has
	stop  context.CancelCauseFunc
}

// carry makes a run and sends what it gives.
func (a *Agent) carry(ctx context.Context, o Order, errand Errand) {
	a.Say(fmt.Sprintf("a run for %s begins", clean(o.From)))
	doing, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c := &carried{
		Agent: a, order: o, errand: errand, kept: make(chan chan struct{}), heard: time.Now(),
		sent: map[string]int64{trials: o.Have, lanes: 0}, stop: stop,
	}
	type result struct {
		complete bool
		err      error
	}
	ended := make(chan result, 1)
	go func() {
		complete, err := errand.Do(doing, func() { c.wait(doing) }, c.say)
		ended <- result{complete, err}
	}()
	var last result
	for running := true; running; {
		var answer chan struct{}
		select {
		case answer = <-c.kept:
		case <-time.After(beat):
		case last = <-ended:
			running = false
			continue
		}
		c.flush(trials, errand.Trials, piece{})
		if answer != nil {
			close(answer)
		}
	}
	if cause := context.Cause(doing); cause != nil && !errors.Is(cause, context.Canceled) {
		last.err = cause
	}
	c.finish(last.complete, last.err)
	a.free()
	reason := ""
	if last.err != nil {
		reason = last.err.Error()
	}
	a.Say(fmt.Sprintf("the run for %s has ended%s", clean(o.From), because(reason)))
}

// wait lets what was kept be sent before the next trial starts, so that it is not sent
// while that one runs, unless it takes longer than a moment.
func (c *carried) wait(ctx context.Context) {
	answer := make(chan struct{})
	moment := time.NewTimer(200 * time.Millisecond)
	defer moment.Stop()
	select {
	case c.kept <- answer:
	case <-ctx.Done():
		return
	case <-moment.C:
		return
	}
	select {
	case <-answer:
	case <-ctx.Done():
	case <-moment.C:
	}
}

func (c *carried) say(note string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.note = note
}

// flush sends all that a file holds and the asker has not, or a piece without text, and
// returns whether it was confirmed. With it goes what last says.
func (c *carried) flush(file, path string, last piece) bool {
	for {
		text, err := next(path, c.sent[file])
		if err != nil {
			c.stop(err)
			return false
		}
		p := piece{head: head{Protocol}, Name: c.Name, File: file, Offset: c.sent[file], Text: text}
		if len(text) == 0 {
			p.Done, p.Complete, p.Failed = last.Done, last.Complete, last.Failed
		}
		c.mu.Lock()
		p.Note = c.note
		c.mu.Unlock()
		switch {
		case !c.send(p):
			return false
		case len(text) == 0:
			return c.sent[file] == p.Offset
		case c.sent[file] <= p.Offset:
			return false // it is not kept, or goes on earlier: with the next beat
		}
		if !last.Done && len(text) < mostText/2 {
			return true // what has come meanwhile goes with the next trial
		}
	}
}

// send sends one piece and takes what the asker says. One who keeps nothing is as good as
// gone.
func (c *carried) send(p piece) bool {
	reply, err := c.Conn.Request(c.order.To, encode(p), 2*time.Second)
	var said ack
	if err == nil {
		said, err = decode[ack](reply.Data)
	}
	if err == nil && (len(p.Text) == 0 || said.Have > p.Offset) {
		c.heard = time.Now()
	}
	if time.Since(c.heard) > c.patience() {
		c.stop(fmt.Errorf("the asker, %s, has been silent for %v", clean(c.order.From), c.patience()))
	}
	if err != nil {
		return false
	}
	c.sent[p.File] = max(0, said.Have)
	if said.Stop != "" {
		c.stop(errors.New(said.Stop))
	}
	return true
}

func (c *carried) patience() time.Duration {
	return time.Duration(c.order.Patience * float64(time.Second))
}

// finish sends the rest, and that this is all, unless nobody hears it.
func (c *carried) finish(complete bool, err error) {
	last := piece{Done: true, Complete: complete}
	if err != nil {
		last.Failed = err.Error()
	}
	for time.Since(c.heard) <= c.patience() {
		if (c.errand.Lanes == "" || c.flush(lanes, c.errand.Lanes, piece{})) && c.flush(trials, c.errand.Trials, last) {
			return
		}
		time.Sleep(beat / 4)
	}
}
