package server_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"parcon/experiments/echo"
	"parcon/experiments/server"
	"parcon/experiments/server/gonet"
	"parcon/runner/proc"
	"parcon/runner/proc/proctest"
)

const patience = 20 * time.Second // far more than anything here takes

// The test binary starts itself as a server.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		if err := server.Main(slices.Concat(server.Raw, gonet.Models), os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A running server is one of a test.
type running struct {
	t     *testing.T
	model string
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	addr  string
	said  *lockedBuffer // on standard error
	once  sync.Once
	ended error
}

// wait waits for the server's end, and kills it if that takes too long.
func (r *running) wait() error {
	r.once.Do(func() {
		late := time.AfterFunc(patience, func() { proc.Kill(r.cmd) })
		r.ended = r.cmd.Wait()
		late.Stop()
	})
	return r.ended
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return proc.Command(append([]string{self, "serve"}, args...), []string{proctest.QuickExit, "GOTRACEBACK=none"})
}

// start starts a server, which the test's end ends.
func start(t *testing.T, model string, args ...string) *running {
	t.Helper()
	return run(t, model, command(append([]string{model, "0"}, args...)...))
}

func run(t *testing.T, model string, c *exec.Cmd) *running {
	t.Helper()
	r := &running{t: t, model: model, cmd: c, said: new(lockedBuffer)}
	r.cmd.Stderr = r.said
	in, out := proctest.Start(t, r.cmd)
	r.in, r.out = in, bufio.NewReader(out)
	t.Cleanup(func() {
		_ = in.Close()
		_ = r.wait()
	})
	line, err := r.out.ReadString('\n')
	if err != nil {
		t.Fatalf("%s says no port: %v: %s", model, err, r.said)
	}
	r.addr = "127.0.0.1:" + strings.TrimSpace(line)
	return r
}

func (r *running) usage() server.Usage {
	r.t.Helper()
	_, _ = io.WriteString(r.in, server.Ask+"\n")
	line, err := r.out.ReadString('\n')
	if err != nil {
		r.t.Fatalf("%s tells no usage: %v: %s", r.model, err, r.said)
	}
	u, err := server.ParseUsage(strings.TrimSpace(line))
	if err != nil {
		r.t.Fatal(err)
	}
	return u
}

// eventually waits until the server has what is wanted.
func (r *running) eventually(what string, holds func(server.Usage) bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); !holds(r.usage()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("%s: %s did not come: %+v", r.model, what, r.usage())
		}
	}
}

func (r *running) dial() *client {
	r.t.Helper()
	conn, err := net.Dial("tcp4", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	c := &client{r: r, TCPConn: conn.(*net.TCPConn), http: r.model == server.NetHTTP}
	c.answers.HTTP = c.http
	r.t.Cleanup(func() { _ = conn.Close() })
	return c
}

// A client is a connection to a server.
type client struct {
	*net.TCPConn
	r       *running
	http    bool
	answers echo.Decoder[echo.Answer]
}

func (c *client) frame(q echo.Request) []byte {
	if c.http {
		return q.AppendHTTP(nil)
	}
	return q.Append(nil)
}

func (c *client) send(all ...echo.Request) {
	c.r.t.Helper()
	var b []byte
	for _, q := range all {
		b = append(b, c.frame(q)...)
	}
	if _, err := c.Write(b); err != nil {
		c.r.t.Errorf("%s: %v", c.r.model, err)
	}
}

// receive waits for the next answer.
func (c *client) receive() (echo.Answer, error) {
	_ = c.SetReadDeadline(time.Now().Add(patience))
	for {
		a, whole, err := c.answers.Next()
		if whole || err != nil {
			return a, err
		}
		n, err := c.Read(c.answers.Room())
		c.answers.Filled(n)
		if n == 0 && err != nil {
			return a, err
		}
	}
}

// expect takes the right answers to requests, in their order.
func (c *client) expect(all ...echo.Request) {
	c.r.t.Helper()
	for _, q := range all {
		if a, err := c.receive(); err != nil || !a.Right(q) {
			c.r.t.Fatalf("%s: request %d: answer %d with %d bytes, %v: %s", c.r.model, q.Number, a.Number, len(a.Payload), err, c.r.said)
		}
	}
}

// over waits for the end of a connection, and fails if anything comes before.
func (c *client) over() {
	c.r.t.Helper()
	if a, err := c.receive(); !errors.Is(err, io.EOF) && !errors.Is(err, unix.ECONNRESET) {
		c.r.t.Errorf("%s: answer %d, %v, want the end of the connection", c.r.model, a.Number, err)
	}
}

func requests(n int) []echo.Request {
	all := make([]echo.Request, n)
	for i := range all {
		all[i] = echo.Request{Number: uint64(i) * 0x9e3779b97f4a7c15, Units: uint32(i % 5), Payload: bytes.Repeat([]byte{byte(i)}, i*37%3000)}
	}
	all[n-1].Payload = make([]byte, echo.MaxPayload)
	return all
}

func each(t *testing.T, test func(t *testing.T, model string)) {
	for _, model := range server.Names {
		t.Run(model, func(t *testing.T) {
			proctest.Tidy(t)
			test(t, model)
		})
	}
}

func TestEveryModelAnswersInOrder(t *testing.T) {
	each(t, func(t *testing.T, model string) {
		r := start(t, model)
		c := r.dial()
		all := requests(40)
		for _, q := range all {
			c.send(q)
			c.expect(q)
		}
		go c.send(all...) // without waiting
		c.expect(all...)
		u := r.usage()
		if u.CPU <= 0 || u.Memory < 100<<10 || u.Connections != 1 || u.Refused != 0 {
			t.Errorf("it consumes %+v", u)
		}
		_ = c.Close()
		r.eventually("the end of a connection", func(u server.Usage) bool { return u.Connections == 0 })
		if after := r.usage(); after.CPU < u.CPU {
			t.Errorf("CPU time was %v and is %v", u.CPU, after.CPU)
		}
		_ = r.in.Close()
		if err := r.wait(); err != nil || r.said.String() != "" {
			t.Errorf("it ended with %v: %s", err, r.said)
		}
	})
}

// Those that have several clients at once answer them all; serial one after another.
func TestManyClients(t *testing.T) {
	each(t, func(t *testing.T, model string) {
		r := start(t, model)
		var all []*client
		q := echo.Request{Number: 9, Units: 1, Payload: []byte("who")}
		for range 30 {
			c := r.dial()
			c.send(q)
			all = append(all, c)
		}
		for _, c := range all {
			c.expect(q)
			if model == server.Serial {
				_ = c.Close()
			}
		}
		if model != server.Serial {
			if u := r.usage(); u.Connections != len(all) {
				t.Errorf("%d connections, want %d", u.Connections, len(all))
			}
		}
	})
}

// A client that sends no more is sent its answers, and then the end.
func TestHalfClosed(t *testing.T) {
	each(t, func(t *testing.T, model string) {
		r := start(t, model)
		c := r.dial()
		all := requests(20)
		c.send(all...)
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		c.expect(all...)
		c.over()
		r.eventually("the end", func(u server.Usage) bool { return u.Connections == 0 })
		if u := r.usage(); u.Refused != 0 {
			t.Errorf("an end is no reason to complain: %+v: %s", u, r.said)
		}
	})
}

func TestGarbageIsRefusedAndCounted(t *testing.T) {
	frame := echo.Request{Payload: []byte("cut")}.Append(nil)
	post := func(length int, body []byte) string {
		return fmt.Sprintf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", length, body)
	}
	oversized := []byte("\x0d\x00\x01\x00 and more")
	work := []byte("\x0c\x00\x00\x0012345678\xff\xff\xff\x7f")
	crash := echo.Request{Crash: echo.Kill}.Append(nil)
	each(t, func(t *testing.T, model string) {
		sent := map[string][2]string{ // plain, and over HTTP
			"oversized":       {string(oversized), post(echo.MaxFrame+1, oversized)},
			"too much work":   {string(work), post(len(work), work)},
			"truncated":       {string(frame[:9]), post(9, frame[:9])},
			"crash":           {string(crash), post(len(crash), crash)},
			"garbage":         {"\x00\x00\x00\x00", post(4, []byte("\x00\x00\x00\x00"))},
			"another request": {"\xff\xff\xff\xff", post(len(frame)+1, append(frame, 'x'))},
		}
		r := start(t, model)
		count := 0
		for what, text := range sent {
			c := r.dial()
			good := echo.Request{Number: 1}
			c.send(good)
			c.expect(good)
			i := 0
			if c.http {
				i = 1
			}
			if _, err := io.WriteString(c, text[i]); err != nil {
				t.Error(err)
			}
			if what == "truncated" || c.http { // net/http waits for the body that was announced
				_ = c.CloseWrite()
			}
			if c.http {
				if _, err := c.receive(); err == nil {
					t.Errorf("%s was answered", what)
				}
				c.answers = echo.Decoder[echo.Answer]{}
				_ = c.SetReadDeadline(time.Now().Add(patience))
				if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, unix.ECONNRESET) {
					t.Errorf("%s: %v", what, err)
				}
			} else {
				c.over()
			}
			count++
			r.eventually(what, func(u server.Usage) bool { return u.Refused == count && u.Connections == 0 })
			_ = c.Close()
		}
		_ = r.in.Close()
		_ = r.wait() // until then not all that it says has come
		if lines := strings.Count(r.said.String(), "a connection was closed: "); lines != count {
			t.Errorf("%d lines for %d connections: %s", lines, count, r.said)
		}
	})
}

// A client that reads nothing is not read either, and others are answered meanwhile.
func TestASlowReader(t *testing.T) {
	each(t, func(t *testing.T, model string) {
		r := start(t, model)
		before := r.usage().Memory
		slow := r.dial()
		q := echo.Request{Number: 3, Payload: make([]byte, echo.MaxPayload)}
		frame := slow.frame(q)
		_ = slow.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		sent, most := 0, 64<<20 // far beyond what the kernel buffers
		for sent < most {
			n, err := slow.Write(frame[sent%len(frame):])
			sent += n
			if err != nil {
				break
			}
		}
		if sent >= most {
			t.Errorf("it took %d bytes", sent)
		}
		if grown := r.usage().Memory - before; grown > 24<<20 {
			t.Errorf("%d MB more in memory", grown>>20)
		}
		if model != server.Serial {
			other := r.dial()
			other.send(q)
			other.expect(q)
		}
		for range sent / len(frame) { // and in the end it has all its answers
			slow.expect(q)
		}
	})
}

// Ten thousand connections are open at once, and each gets its answers.
func TestTenThousandConnections(t *testing.T) {
	const many = 10_000
	if testing.Short() {
		t.Skip("opens twenty thousand files")
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if limit.Max < many+100 {
		t.Skipf("the limit of open files is %d", limit.Max)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip(err)
	}
	for _, model := range []string{server.Goroutine, server.Loop} {
		t.Run(model, func(t *testing.T) {
			proctest.Tidy(t)
			r := start(t, model)
			all := make([]*client, many)
			for i := range all {
				all[i] = r.dial()
			}
			r.eventually("all connections", func(u server.Usage) bool { return u.Connections == many })
			for range 2 {
				for i, c := range all {
					c.send(echo.Request{Number: uint64(i), Units: 1, Payload: []byte(fmt.Sprint(i))})
				}
				for i, c := range all {
					c.expect(echo.Request{Number: uint64(i), Units: 1, Payload: []byte(fmt.Sprint(i))})
				}
			}
			t.Logf("%+v", r.usage())
			for _, c := range all {
				_ = c.Close()
			}
			r.eventually("their end", func(u server.Usage) bool { return u.Connections == 0 })
		})
	}
}

// children are the processes whose parent is that one.
func children(t *testing.T, pid int) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, entry := range entries {
		var child, parent int
		if _, err := fmt.Sscan(entry.Name(), &child); err != nil {
			continue
		}
		stat, _ := os.ReadFile("/proc/" + entry.Name() + "/stat")
		_, rest, _ := strings.Cut(string(stat), ") ")
		if _, err := fmt.Sscanf(rest[min(2, len(rest)):], "%d", &parent); err == nil && parent == pid {
			found = append(found, child)
		}
	}
	return found
}

// A server that is killed, or ends with its standard input, leaves none of its processes,
// in the middle of requests.
func TestNothingIsLeftOfAServer(t *testing.T) {
	each(t, func(t *testing.T, model string) {
		for _, killed := range []bool{true, false} {
			r := start(t, model)
			busy := echo.Request{Number: 1, Units: 5_000_000} // seconds
			for range 3 {
				r.dial().send(busy)
			}
			want := map[string]int{server.Process: 3, server.ProcessesThreads: runtime.NumCPU()}[model]
			var all []int
			for range 1000 {
				if all = children(t, r.cmd.Process.Pid); len(all) == want {
					break
				}
				time.Sleep(time.Millisecond)
			}
			if len(all) != want {
				t.Errorf("%d processes, want %d", len(all), want)
			}
			if killed {
				_ = r.cmd.Process.Kill()
			} else {
				_ = r.in.Close()
			}
			if err := r.wait(); (err != nil) != killed {
				t.Errorf("killed: %v, it ended with %v: %s", killed, err, r.said)
			}
			for _, pid := range all {
				proctest.WaitUntilGone(t, pid)
			}
		}
	})
}

func TestUsageIsReadAsItIsWritten(t *testing.T) {
	u := server.Usage{CPU: 12345, Memory: 1 << 40, Connections: 3, Refused: 4}
	if got, err := server.ParseUsage(u.String()); got != u || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if got := u.Plus(u); got != (server.Usage{CPU: 24690, Memory: 1 << 41, Connections: 6, Refused: 8}) {
		t.Errorf("%+v", got)
	}
	for _, line := range []string{"", "1 2 3", "1 2 3 x", "1 2 3 4 5", "1 2 3 4 ", "01 2 3 4"} {
		if _, err := server.ParseUsage(line); err == nil {
			t.Errorf("%q is read", line)
		}
	}
}

func TestWhatIsNotUnderstoodIsSaid(t *testing.T) {
	proctest.Tidy(t)
	for want, args := range map[string][]string{
		"starting a server: this program is started by parcon, not by hand\n":  {},
		"starting a server: this program is started by parcon, not by hand \n": {server.Loop, "0", "loudly"},
		"starting a server: this program has no model \"fork\"\n":              {"fork", "0"},
		"starting a server: \"x\" is no port\n":                                {server.Loop, "x"},
	} {
		c := command(args...)
		var said bytes.Buffer
		c.Stderr = &said
		if err := proc.Run(c); err == nil || said.String() != strings.ReplaceAll(want, " \n", "\n") {
			t.Errorf("%q: %v, %q", args, err, said.String())
		}
	}
	r := start(t, server.Loop)
	_, _ = io.WriteString(r.in, "hello\n")
	if err := r.wait(); err == nil || r.said.String() != "a server knows no \"hello\"\n" {
		t.Errorf("%v, %q", err, r.said)
	}
}

// A server that is told to crash does, and no other.
func TestCrashes(t *testing.T) {
	each(t, func(t *testing.T, model string) {
		for _, way := range echo.Crashes {
			r := start(t, model, server.Obey)
			c := r.dial()
			c.send(echo.Request{Crash: way})
			c.over()
		}
	})
}

// Who finds no descriptor left waits until another client has gone, and is answered then.
func TestMoreClientsThanFiles(t *testing.T) {
	const files, clients = 40, 60
	q := echo.Request{Number: 5, Payload: []byte("at last")}
	each(t, func(t *testing.T, model string) {
		r := run(t, model, proc.Command([]string{
			"/bin/sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" serve %s 0`, files, model), os.Args[0],
		}, []string{proctest.QuickExit}))
		var all []*client
		for range clients {
			c := r.dial()
			c.send(q)
			all = append(all, c)
		}
		_ = r.usage() // it can tell also now
		for _, c := range all {
			c.expect(q)
			_ = c.Close()
		}
		r.eventually("their end", func(u server.Usage) bool { return u.Connections == 0 })
	})
}
