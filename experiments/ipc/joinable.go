package ipc

import (
	"context"
	"fmt"
	"os"
)

// JoinableQueue is a queue whose getters say when they are done with a message,
// so that others can wait until all work is done. The message of a getter that
// dies before it said so is never done.
type JoinableQueue struct {
	*Queue
}

// NewJoinableQueue is NewQueue for a joinable one.
func NewJoinableQueue(capacity, longest int) (*JoinableQueue, error) {
	q, err := newQueue(kindJoinableQueue, capacity, longest)
	if err != nil {
		return nil, err
	}
	return &JoinableQueue{q}, nil
}

// OpenJoinableQueue opens a joinable queue that another process made. It takes
// file over.
func OpenJoinableQueue(file *os.File) (*JoinableQueue, error) {
	q, err := openQueue(file, kindJoinableQueue)
	if err != nil {
		return nil, err
	}
	return &JoinableQueue{q}, nil
}

// Done marks one of the messages that were taken as done (Python's task_done).
// It fails with ErrTooOften if all of them are already.
func (q *JoinableQueue) Done() error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	for {
		done := q.b.done.Load()
		if done >= q.b.head.Load() {
			return fmt.Errorf("marking a message as done where all %d that were taken are: %w", done, ErrTooOften)
		}
		if q.b.done.CompareAndSwap(done, done+1) {
			break
		}
	}
	if q.allDone() == nil {
		q.b.finished.changed(everyone)
	}
	return nil
}

// Join waits until every message that was put is marked as done.
func (q *JoinableQueue) Join(ctx context.Context) error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	return q.b.finished.await(ctx, errNone, q.allDone)
}

// allDone looks at done first. It only grows and never passes tail, so if the
// two are equal they were equal at the second look.
func (q *JoinableQueue) allDone() error {
	done := q.b.done.Load()
	if done != q.b.tail.Load() {
		return errNone
	}
	return nil
}
