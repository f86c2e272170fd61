package taskqueue

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"parcon/runner/link"
)

// Settings are a master's.
type Settings struct {
	Queue string // its name: see CheckName
	Job   Job
	Disk  bool // tasks and answers are kept on the server's disk, not in its memory
	// Window is how many tasks are in the queue or with workers at most; 0: DefaultWindow.
	// It is what bounds the memory of master and server: with WindowBytes, which all of
	// these have together at most.
	Window int
	// Stalled is how long the server may confirm none of the tasks that it was sent until the
	// master gives up; 0: a minute.
	Stalled time.Duration
}

// The bounds of a window.
const (
	DefaultWindow = 4096
	WindowBytes   = 64 << 20
)

// reserved is what the server must have for each of the two streams, in bytes: what a
// window has, and what the server adds to each message. It is reserved, so that answers
// have room however many tasks there are: a worker gives none of its tasks away until its
// answer is in.
const reserved = 2*WindowBytes + 1<<20

// idle is how long the server remembers a master that does nothing.
const idle = 10 * time.Second

// A Master puts tasks into a queue and takes the answers out.
type Master struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	settings Settings
	names    names
	results  jetstream.Consumer

	mu       sync.Mutex
	changed  *sync.Cond // any of what follows
	base     int        // number of the first task of this run
	answered bitset
	open     int           // tasks without an answer
	bytes    int           // of these
	sizes    map[int]int   // of each of these
	unsure   map[int]error // those of them that the server has not confirmed, and why it refused each lately
	heard    time.Time     // when it confirmed one, or had none to confirm
	fault    error         // ends the run
	tally    Tally
}

// Tally is what a master saw.
type Tally struct {
	Tasks    int // put into the queue
	Answers  int // handed on: one for each task
	Doubled  int // answers that were there already, and not handed on
	Again    int // tasks that were handed out more than once until they were answered
	Sent     int // tasks sent again, since the server had not confirmed them
	Lost     int // tasks that the server confirmed and does not have any more
	ByWorker map[string]int
}

// Open makes the queue on the server. The queue of a master that is gone is replaced;
// that of one which is at work is not.
func Open(ctx context.Context, conn *nats.Conn, s Settings) (*Master, error) {
	s.Job.Version, s.Job.ID = link.Version(), rand.Uint64()
	s.Window = cmp.Or(s.Window, DefaultWindow)
	s.Stalled = cmp.Or(s.Stalled, time.Minute)
	if err := errors.Join(CheckName(s.Queue), s.Job.check()); err != nil {
		return nil, err
	}
	m := &Master{conn: conn, settings: s, names: names{s.Queue}, sizes: map[int]int{}, unsure: map[int]error{}}
	m.changed = sync.NewCond(&m.mu)
	m.tally.ByWorker = map[string]int{}
	var err error
	m.js, err = jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(s.Window+1),
		jetstream.WithPublishAsyncTimeout(s.Stalled), jetstream.WithPublishAsyncErrHandler(m.refused), jetstream.WithPublishAsyncAckHandler(m.confirmed))
	if err == nil {
		err = m.clear(ctx)
	}
	if err == nil {
		err = m.create(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("making the queue %s: %w", s.Queue, err)
	}
	return m, nil
}

// clear removes what a master left that is gone, and nothing else.
func (m *Master) clear(ctx context.Context) error {
	for _, name := range []string{m.names.tasks(), m.names.results()} {
		s, err := m.js.Stream(ctx, name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue
		}
		if err == nil {
			err = abandoned(ctx, s)
		}
		if err != nil {
			return plain(err)
		}
	}
	return m.delete(ctx)
}

// abandoned says why a stream may not be removed, nil if it may: a master was there, and
// is gone.
func abandoned(ctx context.Context, s jetstream.Stream) error {
	config := s.CachedInfo().Config
	if config.Metadata[keyJob] == "" {
		return notOurs(config.Name)
	}
	_, err := s.Consumer(ctx, master)
	if err == nil {
		return fmt.Errorf("a master is at work there, or was until %v ago: name another queue, or wait", idle)
	}
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil
	}
	return err
}

func (m *Master) delete(ctx context.Context) error {
	for _, name := range []string{m.names.tasks(), m.names.results()} {
		if err := m.js.DeleteStream(ctx, name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return plain(err)
		}
	}
	return nil
}

// create makes both streams and their consumers. Workers look for that of the tasks, so
// it comes last.
func (m *Master) create(ctx context.Context) error {
	job, err := json.Marshal(m.settings.Job)
	if err != nil {
		return err
	}
	stream := func(name string) (jetstream.Stream, error) {
		config := jetstream.StreamConfig{
			Name: name, Subjects: []string{name}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.MemoryStorage,
			Discard: jetstream.DiscardNew, MaxBytes: reserved, Metadata: map[string]string{keyJob: string(job)},
			Duplicates: 100 * time.Millisecond, // no message bears an id of the server's: its number is inside
		}
		if m.settings.Disk {
			config.Storage = jetstream.FileStorage
		}
		s, err := m.js.CreateStream(ctx, config)
		if err != nil {
			return nil, plain(err)
		}
		return s, nil
	}
	results, err := stream(m.names.results())
	if err != nil {
		return err
	}
	if m.results, err = results.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: master, AckPolicy: jetstream.AckExplicitPolicy, AckWait: idle, MaxAckPending: -1, InactiveThreshold: idle,
	}); err != nil {
		return plain(err)
	}
	tasks, err := stream(m.names.tasks())
	if err != nil {
		return err
	}
	_, err = tasks.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: workers, AckPolicy: jetstream.AckExplicitPolicy, AckWait: m.settings.Job.Patience, MaxAckPending: -1, MaxDeliver: -1,
	})
	if err != nil {
		return plain(err)
	}
	return nil
}

// Close removes the queue, which ends the work of its workers.
func (m *Master) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), idle)
	defer cancel()
	m.js.CleanupPublisher()
	if err := m.delete(ctx); err != nil {
		return fmt.Errorf("removing the queue %s: %w", m.settings.Queue, err)
	}
	return nil
}

// Run puts tasks into the queue and calls take for each answer, one at a time and in any
// order, until all are answered. Tasks are numbered from 0. It ends early with the first
// error of tasks or take, or with that of ctx. Several Runs of a master may follow each
// other; numbers and tally begin anew.
func (m *Master) Run(ctx context.Context, tasks iter.Seq2[[]byte, error], take func(Answer) error) (Tally, error) {
	m.mu.Lock()
	m.base += m.tally.Tasks // so that a late answer of an earlier run is none of this one
	m.answered, m.open, m.bytes, m.fault = nil, 0, 0, nil
	clear(m.sizes)
	clear(m.unsure)
	m.tally = Tally{ByWorker: map[string]int{}}
	m.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { m.end(context.Cause(ctx)) })
	defer stop()
	consuming, err := m.results.Consume(func(msg jetstream.Msg) { m.receive(msg, take) }, jetstream.PullMaxMessages(512), jetstream.PullHeartbeat(time.Second), jetstream.PullExpiry(5*time.Second))
	if err != nil {
		return Tally{}, fmt.Errorf("asking for answers: %w", plain(err))
	}
	defer func() { // it hands on what it has until it is closed
		consuming.Stop()
		<-consuming.Closed()
	}()
	go m.watch(ctx)
	if err = m.put(tasks); err != nil {
		m.end(err)
	}
	return m.wait()
}

// put sends all tasks, at most a window ahead of their answers.
func (m *Master) put(tasks iter.Seq2[[]byte, error]) error {
	number := m.base
	for body, err := range tasks {
		if err != nil {
			return err
		}
		frame := appendTask(make([]byte, 0, len(body)+taskHead), m.settings.Job.ID, number, body)
		if most := m.conn.MaxPayload(); int64(len(frame)) > most {
			return fmt.Errorf("task %d has %d bytes, and the server takes %d at most (max_payload): send the name of a file, or less of it", number-m.base, len(body), most-taskHead)
		}
		if !m.admit(number, len(frame)) {
			return nil // why is known
		}
		m.send(frame)
		number++
	}
	return nil
}

// admit waits for room in the window, and counts a task in.
func (m *Master) admit(number, size int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.fault == nil && m.open > 0 && (m.open >= m.settings.Window || m.bytes+size > WindowBytes) {
		m.changed.Wait()
	}
	if m.fault != nil {
		return false
	}
	m.open++
	m.bytes += size
	m.sizes[number] = size
	if len(m.unsure) == 0 {
		m.heard = time.Now()
	}
	m.unsure[number] = nil
	m.tally.Tasks++
	return true
}

// send is one attempt; what becomes of it confirmed or refused hears.
func (m *Master) send(frame []byte) {
	if _, err := m.js.PublishMsgAsync(&nats.Msg{Subject: m.names.tasks(), Data: frame}); err != nil {
		m.refused(m.js, &nats.Msg{Data: frame}, err)
	}
}

func (m *Master) confirmed(_ jetstream.JetStream, msg *nats.Msg, _ *jetstream.PubAck) {
	_, number, _, err := parseTask(msg.Data)
	if err != nil {
		return
	}
	m.mu.Lock()
	delete(m.unsure, number)
	m.heard = time.Now()
	m.mu.Unlock()
}

// again is when a task that was refused is sent again.
const again = 100 * time.Millisecond

// refused sends a task again later, unless it was answered meanwhile: then the server
// had it, and only its word was lost.
func (m *Master) refused(_ jetstream.JetStream, msg *nats.Msg, err error) {
	_, number, _, bad := parseTask(msg.Data)
	if bad != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, wanted := m.unsure[number]; !wanted || m.fault != nil {
		return
	}
	m.unsure[number] = plain(err)
	if errors.Is(err, nats.ErrConnectionClosed) {
		m.fault = fmt.Errorf("putting task %d into the queue: %w", number-m.base, err)
		m.changed.Broadcast()
		return
	}
	m.tally.Sent++
	time.AfterFunc(again, func() {
		m.mu.Lock()
		_, wanted := m.unsure[number]
		wanted = wanted && m.fault == nil
		m.mu.Unlock()
		if wanted {
			m.send(msg.Data)
		}
	})
}

// receive takes a message of answers.
func (m *Master) receive(msg jetstream.Msg, take func(Answer) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fault != nil {
		return
	}
	err := parseAnswers(msg.Data(), m.settings.Job.ID, func(a Answer) {
		if m.fault == nil {
			m.fault = m.accept(a, take)
		}
	})
	if err != nil && m.fault == nil {
		m.fault = err
	}
	if m.fault == nil {
		_ = msg.Ack() // else it comes again, and is known
	}
	m.changed.Broadcast()
}

// accept hands on the first answer of each task.
func (m *Master) accept(a Answer, take func(Answer) error) error {
	number := a.Task
	a.Task -= m.base
	switch {
	case a.Task >= m.tally.Tasks:
		return errFrame
	case a.Task < 0 || m.answered.has(a.Task):
		m.tally.Doubled++
		return nil
	}
	m.answered.add(a.Task)
	m.open--
	m.bytes -= m.sizes[number]
	delete(m.sizes, number)
	delete(m.unsure, number)
	m.tally.Answers++
	m.tally.ByWorker[a.Worker]++
	if a.Times > 1 {
		m.tally.Again++
	}
	return take(a)
}

func (m *Master) end(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fault == nil && err != nil {
		m.fault = err
	}
	m.changed.Broadcast()
}

// wait returns when all is answered.
func (m *Master) wait() (Tally, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.fault == nil && m.open > 0 {
		m.changed.Wait()
	}
	err := m.fault
	if m.fault == nil {
		m.fault = errOver
	}
	t := m.tally
	return t, err
}

// errOver stops what is still on its way after a run.
var errOver = errors.New("the run is over")

// watch ends a run that can't go on: the server refuses its tasks for too long, or has
// lost some that it had confirmed.
func (m *Master) watch(ctx context.Context) {
	tick := time.NewTicker(m.settings.Stalled / 8)
	defer tick.Stop()
	missing, answers := 0, -1
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		m.refusedTooLong()
		lost, sofar := m.lost(ctx)
		if lost > 0 && lost == missing && sofar == answers { // seen twice, with nothing between
			m.mu.Lock()
			m.tally.Lost = lost
			m.mu.Unlock()
			m.end(fmt.Errorf("%d tasks were lost by the server, which had confirmed them: it was restarted, and its store does not keep them: use a store on disk", lost))
			return
		}
		missing, answers = lost, sofar
	}
}

func (m *Master) refusedTooLong() {
	m.mu.Lock()
	n, silent, why := len(m.unsure), time.Since(m.heard), plain(nats.ErrTimeout)
	for _, err := range m.unsure {
		why = cmp.Or(err, why)
	}
	m.mu.Unlock()
	if n == 0 || silent < m.settings.Stalled {
		return
	}
	m.end(fmt.Errorf("putting tasks into the queue: the server has not confirmed %d for %v: %w", n, m.settings.Stalled, why))
}

// lost is how many tasks neither wait nor are with workers nor are answered, and how many
// answers there were when it was asked. It is 0 if the server does not say.
func (m *Master) lost(ctx context.Context) (lost, answers int) {
	m.mu.Lock()
	answers = m.tally.Answers
	m.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, m.settings.Stalled/8)
	defer cancel()
	left := 0
	for _, name := range []string{m.names.tasks(), m.names.results()} {
		stream, err := m.js.Stream(ctx, name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
		case err != nil:
			return 0, answers
		default:
			left += int(stream.CachedInfo().State.Msgs)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if left > 0 || m.tally.Answers != answers {
		return 0, answers
	}
	return m.open - len(m.unsure), answers
}

// bitset is a set of small numbers.
type bitset []uint64

func (b bitset) has(n int) bool { return n/64 < len(b) && b[n/64]&(1<<(n%64)) != 0 }

func (b *bitset) add(n int) {
	if grow := n/64 + 1 - len(*b); grow > 0 {
		*b = append(*b, slices.Repeat([]uint64{0}, grow)...)
	}
	(*b)[n/64] |= 1 << (n % 64)
}
