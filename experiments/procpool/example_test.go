package procpool_test

import (
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
