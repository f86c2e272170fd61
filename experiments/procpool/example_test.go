package procpool_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"parcon/experiments/procpool"
)

// The workers are this test binary again, in a role in which it calls
// procpool.Serve (see TestMain).
func Example() {
	program, err := os.Executable()
	if err != nil {
		fmt.Println(err)
		return
	}
	pool, err := procpool.Start([]string{program, "worker", "pipes"}, procpool.Options{Workers: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	words := []string{"each", "word", "went", "through", "another", "process"}
	back := make([]string, len(words))
	err = pool.Map(len(words), func(i int, buf []byte) []byte {
		return append(buf, "e"+words[i]...) // e: echo
	}, func(i int, answer []byte) error {
		back[i] = string(answer[1:])
		return nil
	})
	fmt.Println(strings.Join(back, " "), err)
	fmt.Println(pool.Close())
	// Output:
	// each word went through another process <nil>
	// <nil>
}

// startPool starts two workers: this test binary again.
func startPool() *procpool.Pool {
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	pool, err := procpool.Start([]string{program, "worker", "pipes"}, procpool.Options{Workers: 2})
	if err != nil {
		panic(err)
	}
	return pool
}

// One request, and one that takes its worker along.
func ExamplePool_Do() {
	pool := startPool()
	defer pool.Close()
	answer, err := pool.Do(context.Background(), []byte("echo"))
	fmt.Printf("%s %v\n", answer, err)
	_, err = pool.Do(context.Background(), []byte("nno such table")) // n: panic
	var death *procpool.DeathError
	if errors.As(err, &death) {
		fmt.Println(death.State, death.Said)
	}
	answer, err = pool.Do(context.Background(), []byte("echo again")) // by another worker, or its successor
	fmt.Printf("%s %v\n", answer, err)
	// Output:
	// echo <nil>
	// exit status 2 panic: no such table
	// echo again <nil>
}

func ExamplePool_Submit() {
	pool := startPool()
	future := pool.Submit(context.Background(), []byte("echo"), func(answer []byte, err error) {
		fmt.Printf("callback: %s %v\n", answer, err)
	})
	answer, err := future.Wait(context.Background()) // after the callback
	fmt.Printf("%s %v\n", answer, err)
	pool.Finish()
	fmt.Println(pool.Join(context.Background()))
	// Output:
	// callback: echo <nil>
	// echo <nil>
	// <nil>
}

func ExamplePool_MapChunks() {
	pool := startPool()
	defer pool.Close()
	lengths := make([]int, 1000)
	err := pool.MapChunks(context.Background(), len(lengths), 64, func(i int, buf []byte) []byte {
		return fmt.Appendf(buf, "e%d", i)
	}, func(i int, answer []byte) error {
		lengths[i] = len(answer)
		return nil
	})
	fmt.Println(lengths[7], lengths[77], lengths[777], err)
	// Output: 2 3 4 <nil>
}

func ExampleServe() {
	// Two frames: a length of four bytes, little-endian, and so many bytes.
	in := strings.NewReader("\x02\x00\x00\x00hi\x01\x00\x00\x00!")
	var out strings.Builder
	err := procpool.Serve(in, &out, func(request, reply []byte) ([]byte, error) {
		return append(reply, strings.ToUpper(string(request))...), nil
	})
	fmt.Printf("%q %v\n", out.String(), err) // the byte before an answer says that it is one
	// Output: "\x03\x00\x00\x00\x00HI\x02\x00\x00\x00\x00!" <nil>
}
