package taskqueue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// shift is a worker in one job. Messages go from fetch through held to work, and are
// acknowledged when the server has confirmed their answers: until then others get them if
// this worker is lost.
type shift struct {
	js      jetstream.JetStream
	results string // subject
	worker  string
	job     Job
	handle  Handler
	most    int // bytes of a message
	end     context.CancelCauseFunc

	mu    sync.Mutex
	held  []jetstream.Msg      // taken, in their order
	busy  jetstream.Msg        // is being computed
	batch *batch               // computed, and not yet sent; nil if there is none
	owed  map[*nats.Msg]*batch // sent, and not yet out of the queue
	ready chan struct{}        // held has some again
	room  chan struct{}        // held has few again
	paid  chan struct{}        // owed has less again
}

// batch is a message of answers, and the tasks that they answer.
type batch struct {
	frame []byte
	msgs  []jetstream.Msg
	late  *time.Timer // sends it; nil if it does not wait
}

// errEnded says that a job is over.
var errEnded = errors.New("the job is over")

// run works until the job is over or ctx ends.
func (s *shift) run(ctx context.Context, conn *nats.Conn, stream jetstream.Stream, consumer jetstream.Consumer) (err error) {
	s.most = int(conn.MaxPayload())
	s.owed, s.ready, s.room, s.paid = map[*nats.Msg]*batch{}, make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{}, 1)
	if s.js, err = jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(1<<20), jetstream.WithPublishAsyncTimeout(5*time.Second),
		jetstream.WithPublishAsyncAckHandler(s.confirmed), jetstream.WithPublishAsyncErrHandler(s.refused)); err != nil {
		return err
	}
	defer s.js.CleanupPublisher()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.end = cancel
	var group sync.WaitGroup
	group.Go(func() { cancel(s.fetch(ctx, consumer, stream)) })
	group.Go(func() { s.keep(ctx) })
	s.work(ctx)
	group.Wait()
	s.leave(!errors.Is(context.Cause(ctx), errEnded))
	return nil
}

// fetch takes tasks ahead, half of what is wanted at a time, so that some are there while
// the next ones come. It returns when the job is over, or ctx.
func (s *shift) fetch(ctx context.Context, consumer jetstream.Consumer, stream jetstream.Stream) error {
	for ctx.Err() == nil {
		free := s.free(ctx)
		if free == 0 {
			continue
		}
		got, err := s.ask(ctx, consumer, free)
		if got > 0 {
			continue
		}
		if s.over(ctx, stream) {
			return errEnded
		}
		if err != nil {
			pause(ctx, poll)
		}
	}
	return nil
}

// free waits until at most half is held, and says how many more may be.
func (s *shift) free(ctx context.Context) int {
	s.mu.Lock()
	held := len(s.held)
	s.mu.Unlock()
	if held <= s.job.Prefetch/2 {
		return s.job.Prefetch - held
	}
	wait(ctx, s.room)
	return 0
}

// asks is how long the server may keep a request for tasks while there are none.
const asks = time.Second

// ask asks for n tasks and holds them as they come. That none came is no error.
func (s *shift) ask(ctx context.Context, consumer jetstream.Consumer, n int) (got int, err error) {
	ctx, cancel := context.WithTimeout(ctx, asks)
	defer cancel()
	fetched, err := consumer.Fetch(n, jetstream.FetchContext(ctx))
	if err != nil {
		return 0, err
	}
	for msg := range fetched.Messages() {
		got++
		s.mu.Lock()
		s.held = append(s.held, msg)
		s.mu.Unlock()
		signal(s.ready)
	}
	if err = fetched.Error(); errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	return got, err
}

// signal makes one who waits look again, now or the next time.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// over says whether the queue is gone, or is another one of that name.
func (s *shift) over(ctx context.Context, stream jetstream.Stream) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	info, err := stream.Info(ctx)
	if err != nil {
		return errors.Is(err, jetstream.ErrStreamNotFound)
	}
	job, err := readJob(info.Config)
	return err != nil || job.ID != s.job.ID
}

// next is the next task, or nil if none is there.
func (s *shift) next() jetstream.Msg {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = nil
	if len(s.held) == 0 {
		return nil
	}
	s.busy, s.held = s.held[0], s.held[1:]
	if len(s.held) <= s.job.Prefetch/2 {
		signal(s.room)
	}
	return s.busy
}

// Answers share a message, which is what costs: the server stores and confirms it. One
// waits for others no longer than this, also while the next task is computed, and only
// while there are tasks.
const (
	mostAnswers = 16
	mostBytes   = 32 << 10
	waits       = 100 * time.Microsecond
)

// mostOwed is how many messages of answers may be on their way: a worker that computes
// faster than the server stores would have ever more tasks that a dead server hands out
// again.
const mostOwed = 8

// work computes task after task until ctx ends.
func (s *shift) work(ctx context.Context) {
	for ctx.Err() == nil {
		msg := s.next()
		if msg == nil {
			s.flush()
			wait(ctx, s.ready)
			continue
		}
		s.compute(ctx, msg)
		for s.owes() >= mostOwed && ctx.Err() == nil {
			wait(ctx, s.paid)
		}
	}
	s.flush()
}

func wait(ctx context.Context, c <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-c:
	}
}

func (s *shift) owes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.owed)
}

// mostTimes is how often a task is handed out: one that is still there then was with a
// worker that died each time, and it may be the cause.
const mostTimes = 20

// compute answers a task.
func (s *shift) compute(ctx context.Context, msg jetstream.Msg) {
	job, number, task, err := parseTask(msg.Data())
	if err != nil {
		_ = msg.Term() // nobody can
		return
	}
	if job != s.job.ID { // the queue is another one meanwhile
		s.end(errEnded)
		return
	}
	times := 1
	if meta, err := msg.Metadata(); err == nil {
		times = int(meta.NumDelivered)
	}
	var body []byte
	if times > mostTimes {
		err = fmt.Errorf("it was handed out %d times, and no worker lived to answer it", mostTimes)
	} else if body, err = s.guarded(ctx, task); ctx.Err() != nil && err != nil {
		return // it was interrupted: another worker's
	}
	if most := s.most - len(s.worker) - answerHead; err == nil && len(body) > most {
		err = fmt.Errorf("its answer has %d bytes, and the server takes %d at most (max_payload)", len(body), most)
	}
	fault := ""
	if err != nil {
		fault, body = err.Error(), nil
		fault = fault[:min(len(fault), mostFault)]
	}
	s.answer(msg, number, times, body, fault)
}

// mostFault is how much of a fault is told, in bytes.
const mostFault = 4 << 10

// answerHead is more than what a frame has beside the worker's name and the answer's bytes.
const answerHead = 64

// answer adds an answer to the batch, and sends what is full.
func (s *shift) answer(msg jetstream.Msg, number, times int, body []byte, fault string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = nil
	if s.batch != nil && len(s.batch.frame)+len(body)+len(fault)+answerHead > s.most {
		s.sendBatch()
	}
	b := s.batch
	if b == nil {
		b = &batch{frame: appendWorker(nil, s.job.ID, s.worker)}
		s.batch = b
	}
	b.frame = appendAnswer(b.frame, number, times, body, fault)
	b.msgs = append(b.msgs, msg)
	switch full := min(mostAnswers, max(1, s.job.Prefetch/4)); {
	case len(b.msgs) >= full || len(b.frame) >= mostBytes:
		s.sendBatch()
	case b.late == nil:
		b.late = time.AfterFunc(waits, s.flush)
	}
}

// flush sends the batch that there is.
func (s *shift) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batch != nil {
		s.sendBatch()
	}
}

// guarded computes, and makes a fault of a panic: a task must not take others along.
func (s *shift) guarded(ctx context.Context, task []byte) (body []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("computing it panicked: %v", p)
		}
	}()
	return s.handle(ctx, task)
}

// sendBatch sends the batch. The lock is held: what becomes of it is told in other
// goroutines.
func (s *shift) sendBatch() {
	b := s.batch
	s.batch = nil
	if b.late != nil {
		b.late.Stop()
	}
	msg := &nats.Msg{Subject: s.results, Data: b.frame}
	s.owed[msg] = b
	s.publish(msg)
}

func (s *shift) publish(msg *nats.Msg) {
	if _, err := s.js.PublishMsgAsync(msg); err != nil {
		s.refused(s.js, msg, err)
	}
}

// confirmed takes tasks out of the queue whose answers are in the other one.
func (s *shift) confirmed(_ jetstream.JetStream, msg *nats.Msg, _ *jetstream.PubAck) {
	s.mu.Lock()
	b := s.owed[msg]
	s.mu.Unlock()
	if b != nil {
		go s.acknowledge(msg, b)
	}
}

// acknowledge returns when the server has taken the tasks out, or does not answer. One that
// is not taken out is computed again, and its answer is known then.
func (s *shift) acknowledge(msg *nats.Msg, b *batch) {
	last := len(b.msgs) - 1
	for _, task := range b.msgs[:last] {
		_ = task.Ack()
	}
	ctx, cancel := context.WithTimeout(context.Background(), acknowledges)
	defer cancel()
	_ = b.msgs[last].DoubleAck(ctx)
	s.mu.Lock()
	delete(s.owed, msg)
	s.mu.Unlock()
	signal(s.paid)
}

// acknowledges is how long the server may take for that.
const acknowledges = 5 * time.Second

// refused sends answers again until the server takes them.
func (s *shift) refused(_ jetstream.JetStream, msg *nats.Msg, err error) {
	if errors.Is(err, nats.ErrConnectionClosed) {
		return
	}
	time.AfterFunc(again, func() {
		s.mu.Lock()
		wanted := s.owed[msg] != nil
		s.mu.Unlock()
		if wanted {
			s.publish(msg)
		}
	})
}

// keep tells the server at times which tasks this worker still has.
func (s *shift) keep(ctx context.Context) {
	tick := time.NewTicker(s.job.Patience / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, msg := range s.all() {
			_ = msg.InProgress() // a server that is away gives it out again
		}
	}
}

// all is every task that this worker has.
func (s *shift) all() []jetstream.Msg {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.held)
	if s.busy != nil {
		all = append(all, s.busy)
	}
	if s.batch != nil {
		all = append(all, s.batch.msgs...)
	}
	for _, b := range s.owed {
		all = append(all, b.msgs...)
	}
	return all
}

// leave waits a moment for the answers on their way, if there is somebody who wants them,
// and gives the other tasks back, so that others need not wait until this worker has been
// silent for long.
func (s *shift) leave(wanted bool) {
	for until := time.Now().Add(2 * time.Second); wanted && s.owes() > 0 && time.Now().Before(until); {
		time.Sleep(5 * time.Millisecond)
	}
	for _, msg := range s.all() {
		_ = msg.Nak()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.owed) // nobody sends it again
}
