package ring_test

import (
	"context"
	"fmt"

	"parcon/experiments/ring"
)

// Two goroutines stand for two processes: in the child the ring is
// ring.Open(ipc.Inherited(0)).
func Example() {
	ctx := context.Background()
	r, err := ring.New(64 << 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Free()
	written := make(chan bool)
	go func() {
		defer close(written)
		w := r.Writer(ring.Sleeping)
		for _, word := range []string{"to ", "be ", "or ", "not"} {
			if err := w.Write(ctx, []byte(word)); err != nil {
				fmt.Println(err)
			}
		}
		r.Close()
	}()
	text := make([]byte, len("to be or not"))
	err = r.Reader(ring.Sleeping).ReadFull(ctx, text)
	fmt.Println(string(text), err)
	<-written // nobody uses the ring any more
	// Output:
	// to be or not <nil>
}
