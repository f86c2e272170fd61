package procpool_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"parcon/experiments/procpool"
	"parcon/runner/proc/proctest"
)

// onBothBench gives a benchmark pools of two workers, which do nothing but
// answer.
func onBothBench(b *testing.B, run func(b *testing.B, p *procpool.Pool)) {
	for _, connection := range []string{"pipes", "ring"} {
		b.Run("connection="+connection, func(b *testing.B) {
			if connection == "ring" && runtime.GOOS != "linux" {
				b.Skip("the ring is Linux's")
			}
			p, err := procpool.Start(self(b, connection), procpool.Options{Workers: 2, Ring: connection == "ring", Env: []string{proctest.QuickExit}})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			run(b, p)
			b.StopTimer()
			if err := p.Close(); err != nil {
				b.Error(err)
			}
		})
	}
}

func benchRequest(_ int, buf []byte) []byte { return append(buf, "e2345678"...) }

func benchReply(_ int, answer []byte) error {
	if len(answer) != 8 {
		return fmt.Errorf("answer %q", answer)
	}
	return nil
}

func BenchmarkMap(b *testing.B) {
	for _, chunk := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("chunk=%d", chunk), func(b *testing.B) {
			onBothBench(b, func(b *testing.B, p *procpool.Pool) {
				if err := p.MapChunks(context.Background(), b.N, chunk, benchRequest, benchReply); err != nil {
					b.Error(err)
				}
			})
		})
	}
}

// BenchmarkSubmit hands in one after another and waits at the end.
func BenchmarkSubmit(b *testing.B) {
	onBothBench(b, func(b *testing.B, p *procpool.Pool) {
		request := []byte("e2345678")
		futures := make([]*procpool.Future, b.N)
		for i := range futures {
			futures[i] = p.Submit(context.Background(), request, nil)
		}
		for _, f := range futures {
			if _, err := f.Wait(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkDo waits for each before the next: it is the price of a round trip.
func BenchmarkDo(b *testing.B) {
	onBothBench(b, func(b *testing.B, p *procpool.Pool) {
		request := []byte("e2345678")
		for range b.N {
			if _, err := p.Do(context.Background(), request); err != nil {
				b.Fatal(err)
			}
		}
	})
}
