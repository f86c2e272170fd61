package ipc_test

import (
	"context"
	"testing"

	"parcon/experiments/ipc"
)

func BenchmarkLock(b *testing.B) {
	l := must(ipc.NewLock())(b)
	ctx := context.Background()
	for b.Loop() {
		if l.Lock(ctx) != nil || l.Unlock() != nil {
			b.Fatal("failed")
		}
	}
}

func BenchmarkReentrant(b *testing.B) {
	l := must(ipc.NewReentrant())(b)
	ctx := context.Background()
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if l.Lock(ctx, 1) != nil || l.Unlock(1) != nil {
				b.Fatal("failed")
			}
		}
	})
	b.Run("again", func(b *testing.B) {
		if err := l.Lock(ctx, 1); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if l.Lock(ctx, 1) != nil || l.Unlock(1) != nil {
				b.Fatal("failed")
			}
		}
		if err := l.Unlock(1); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkSemaphore(b *testing.B) {
	s := must(ipc.NewSemaphore(1))(b)
	ctx := context.Background()
	for b.Loop() {
		if s.Acquire(ctx) != nil || s.Release() != nil {
			b.Fatal("failed")
		}
	}
}

// BenchmarkQueue puts and gets 64 bytes in one goroutine: nobody waits.
func BenchmarkQueue(b *testing.B) {
	q := must(ipc.NewQueue(16, 64))(b)
	ctx := context.Background()
	message := make([]byte, 64)
	for b.Loop() {
		if err := q.Put(ctx, message); err != nil {
			b.Fatal(err)
		}
		if _, err := q.Get(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// The round trips of 64 bytes to another process and back depend on where the
// two processes run: compare them on one core (taskset -c 0) and on two.
func BenchmarkRoundTrip(b *testing.B) {
	ctx := context.Background()
	message := make([]byte, 64)
	b.Run("by=queues", func(b *testing.B) {
		to, from := must(ipc.NewQueue(1, 64))(b), must(ipc.NewQueue(1, 64))(b)
		p := start(b, objects(to, from), "echo queue")
		for b.Loop() {
			if err := to.Put(ctx, message); err != nil {
				b.Fatal(err)
			}
			if _, err := from.Get(ctx); err != nil {
				b.Fatal(err)
			}
		}
		if err := to.Close(); err != nil {
			b.Fatal(err)
		}
		done(b, p)
	})
	b.Run("by=pipe", func(b *testing.B) {
		ours, theirs := pipe(b)
		p := start(b, objects(theirs), "echo")
		if err := theirs.Close(); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := ours.Send(ctx, message); err != nil {
				b.Fatal(err)
			}
			if _, err := ours.Recv(ctx); err != nil {
				b.Fatal(err)
			}
		}
		if err := ours.Close(); err != nil {
			b.Fatal(err)
		}
		done(b, p)
	})
}
