package procpool_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"parcon/experiments/procpool"
	"parcon/runner/clock"
	"parcon/runner/proc/proctest"
)

// The test binary starts itself as the pool's workers: "worker" and how it is
// connected.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "worker" {
		note("start", others())
		if err := serve(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func serve(connection string) error {
	handler := procpool.Handler(handle)
	if os.Getenv("NOTES") != "" {
		handler = handleNoting
	}
	switch connection {
	case "pipes":
		return procpool.Serve(os.Stdin, os.Stdout, handler)
	case "ring":
		return procpool.ServeRing(os.Stdin, handler)
	case "mute": // a program that is no worker: it ends without an answer
		return nil
	case "panic at once":
		panic("no configuration")
	case "parent": // a pool of two that hang, until it is killed
		return hangWithWorkers()
	case "deaf": // it lives, reads nothing and says nothing
		time.Sleep(time.Hour)
		return nil
	case "deaf family": // so is what it leaves, which holds its streams
		c := exec.Command("/bin/sleep", "20")
		c.Stdin, c.Stdout = os.Stdin, os.Stdout
		apart(c)
		if err := c.Start(); err != nil {
			return err
		}
		time.Sleep(time.Hour)
		return nil
	case "family": // what it leaves holds its output
		c := exec.Command("/bin/sleep", "20")
		c.Stdout = os.Stdout
		if err := c.Start(); err != nil {
			return err
		}
		return procpool.Serve(os.Stdin, os.Stdout, handler)
	case "babble":
		_, err := fmt.Println("hello, this is no frame")
		time.Sleep(time.Hour)
		return err
	}
	return fmt.Errorf("no worker is connected by %q", connection)
}

func handleNoting(request, reply []byte) ([]byte, error) {
	note("begin", string(request))
	defer note("end", string(request))
	return handle(request, reply)
}

// The requests that the tests' workers understand, by their first byte.
const (
	echo    = 'e' // the request
	pid     = 'p' // the number of the process
	fail    = 'f' // an error whose text is the rest
	exit    = 'x' // none: it ends by itself with status 7
	die     = 'k' // none: it is killed
	span    = 's' // when it started and ended, 2 ms apart
	blow    = 'b' // a megabyte
	environ = 'v' // the environment
	shout   = 'n' // none: a panic whose text is the rest
	segv    = 'g' // none: it is killed by SIGSEGV
	null    = '0' // none: it reads through a nil pointer
	hang    = 'h' // none, for an hour
	printer = 'o' // the request; it prints to standard output, too
	spoil   = 'z' // something; it does to its pool's streams what the rest says
	quit    = 'q' // none: it ends its goroutine
	helper  = 'c' // the request; it leaves a process that holds standard error
	slow    = 'w' // the request, when the file named behind the 'w' is there
)

func handle(request, reply []byte) ([]byte, error) {
	if len(request) == 0 {
		return reply, nil
	}
	switch request[0] {
	case pid:
		return strconv.AppendInt(reply, int64(os.Getpid()), 10), nil
	case fail:
		return append(reply, "half an answer"...), errors.New(string(request[1:]))
	case exit:
		os.Exit(7)
	case shout:
		panic(string(request[1:]))
	case segv:
		segfault()
	case null:
		var nothing *int
		return strconv.AppendInt(reply, int64(*nothing), 10), nil
	case hang:
		time.Sleep(time.Hour)
	case printer:
		fmt.Print("ok")
	case spoil:
		spoilStreams(string(request[1:]))
		return append(reply, spoil), nil
	case quit:
		runtime.Goexit()
	case helper:
		c := exec.Command("/bin/sleep", "20")
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			return reply, err
		}
	case slow:
		for _, err := os.Stat(string(request[1:])); err != nil; _, err = os.Stat(string(request[1:])) {
			time.Sleep(time.Millisecond)
		}
	case die:
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		time.Sleep(time.Hour)
	case span:
		start := clock.Now()
		time.Sleep(2 * time.Millisecond)
		reply = binary.LittleEndian.AppendUint64(reply, uint64(start))
		return binary.LittleEndian.AppendUint64(reply, uint64(clock.Now())), nil
	case blow:
		return append(reply, make([]byte, 1<<20)...), nil
	case environ:
		return append(reply, strings.Join(os.Environ(), " ")...), nil
	}
	return append(reply, request...), nil
}

// onBoth runs a test with pipes and, where there is one, with the ring.
func onBoth(t *testing.T, test func(t *testing.T, start func(workers int) *procpool.Pool)) {
	for _, connection := range []string{"pipes", "ring"} {
		t.Run(connection, func(t *testing.T) {
			if connection == "ring" && runtime.GOOS != "linux" {
				t.Skip("the ring is Linux's")
			}
			proctest.Tidy(t)
			test(t, func(workers int) *procpool.Pool {
				p, err := procpool.Start(self(t, connection), procpool.Options{Workers: workers, Ring: connection == "ring", Env: []string{proctest.QuickExit}})
				if err != nil {
					t.Fatal(err)
				}
				return p
			})
		})
	}
}

func self(t testing.TB, connection string) []string {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{path, "worker", connection}
}

func closed(t *testing.T, p *procpool.Pool) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Errorf("closing the pool: %v", err)
	}
}
