package runner_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"parcon/experiments/procpool"
	"parcon/runner"
	"parcon/runner/proc/proctest"
	"parcon/runner/protocol"
)

// The test binary starts itself as the child of its trials: "child", a role
// and the role's arguments.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		play(os.Args[2], os.Args[3:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// self is the command line of a role.
func self(role ...string) []string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return append([]string{path, "child"}, role...)
}

// An order is what the tests tell a child.
type order struct{ Number int }

func play(role string, args []string) {
	in := bufio.NewReader(os.Stdin)
	switch role {
	case "worker":
		check(procpool.Serve(in, os.Stdout, work))
		return
	case "parent":
		_, err := runner.Child{Program: self("hang with workers", args[0]), Env: []string{proctest.QuickExit}, Timeout: time.Hour}.Try(context.Background(), runner.Case{})
		check(err)
		return
	case "hang":
		sleep()
	}
	line, err := in.ReadBytes('\n')
	check(err)
	var o order
	check(json.Unmarshal(line, &o))
	before(role, args)
	fmt.Println(protocol.Ready)
	if _, err := in.ReadString('\n'); err != nil {
		check(fmt.Errorf("waiting for the start signal: %w", err))
	}
	m := during(role)
	m["order"] = float64(o.Number)
	m["gomaxprocs"] = float64(runtime.GOMAXPROCS(0))
	text, err := json.Marshal(m)
	check(err)
	fmt.Println(string(text))
	after(role)
}

// sleep hangs. A select{} would not: Go sees that nothing can ever go on.
func sleep() { time.Sleep(time.Hour) }

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// before is what goes wrong before a child is ready.
func before(role string, args []string) {
	switch role {
	case "crash at once":
		os.Exit(3)
	case "end at once":
		os.Exit(0)
	case "complain at once":
		check(errors.New("the disk is full\nand more"))
	case "hang at once":
		sleep()
	case "greet":
		fmt.Println("hello")
	case "greet for ever":
		for {
			fmt.Print("hello ")
		}
	case "hang with workers":
		pool, err := procpool.Start(self("worker"), procpool.Options{Workers: 2, Env: []string{proctest.QuickExit}})
		check(err)
		pids, err := pool.Each([]byte("pid"))
		check(err)
		text := fmt.Sprintf("%d %s %s\n", os.Getpid(), pids[0], pids[1])
		check(os.WriteFile(args[0]+".new", []byte(text), 0o666))
		check(os.Rename(args[0]+".new", args[0]))
		// The workers are busy and do not look at their standard input.
		check(pool.Map(2, func(int, []byte) []byte { return []byte("hang") }, func(int, []byte) error { return nil }))
	}
}

func work(request, reply []byte) ([]byte, error) {
	if string(request) == "hang" {
		sleep()
	}
	return fmt.Append(reply, os.Getpid()), nil
}

// during is what goes wrong while a child measures.
func during(role string) protocol.Measurement {
	switch role {
	case "crash":
		os.Exit(3)
	case "panic":
		panic("boom")
	case "hang and hold on":
		sleep()
	case "end without result":
		os.Exit(0)
	case "die":
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		sleep()
	case "babble":
		fmt.Println("fast enough")
	case "measure nothing":
		fmt.Println("null")
	case "leave a process":
		c := exec.Command(self("hang")[0], self("hang")[1:]...)
		check(c.Start())
		return protocol.Measurement{"pid": float64(c.Process.Pid)}
	}
	return protocol.Measurement{"ns/op": 5}
}

// after is what goes wrong after the result.
func after(role string) {
	switch role {
	case "complain late":
		check(errors.New("no room to clean up"))
	case "crash late":
		os.Exit(4)
	case "hang late":
		sleep()
	}
}
