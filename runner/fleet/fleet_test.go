package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"pgregory.net/rapid"
)

var own = Identity{"format 1", "abc"}

// meeting starts a server and connects to it.
func meeting(t testing.TB) (connect func() *nats.Conn) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server is not ready")
	}
	return func() *nats.Conn {
		c, err := nats.Connect(s.ClientURL())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
}

// said collects what is told.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) say(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *said) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.lines, func(l string) bool { return strings.Contains(l, text) })
}

func (s *said) await(t testing.TB, text string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !s.has(text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("nobody said %q: %q", text, s.lines)
		}
	}
}

// writing is a run that writes so many lines, or waits after them for the end.
func writing(dir string, lines int, wait bool) func(Order) (Errand, error) {
	return func(o Order) (Errand, error) {
		path := filepath.Join(dir, o.Run+".txt")
		return Errand{Trials: path, Lanes: filepath.Join(dir, "lanes"), Do: func(ctx context.Context, kept func(), say func(string)) (bool, error) {
			for i := range lines {
				f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
				if err != nil {
					return false, err
				}
				fmt.Fprintf(f, "line %d of %s\n", i, o.Options)
				if err := f.Close(); err != nil {
					return false, err
				}
				say(fmt.Sprint("trial ", i))
				kept()
			}
			if wait {
				<-ctx.Done()
				return false, errors.New("stopped")
			}
			return true, os.WriteFile(filepath.Join(dir, "lanes"), []byte("a lane\n"), 0o666)
		}}, nil
	}
}

// joined starts an agent and returns how to end it.
func joined(t testing.TB, conn *nats.Conn, name string, is Identity, begin func(Order) (Errand, error)) (told *said, end func()) {
	t.Helper()
	told = &said{}
	ctx, cancel := context.WithCancel(context.Background())
	a := &Agent{Conn: conn, Identity: is, Name: name, Host: "host", Begin: begin, Say: told.say}
	done := make(chan error, 1)
	go func() { done <- a.Serve(ctx) }()
	told.await(t, "has joined")
	var once sync.Once
	end = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(end)
	return told, end
}

func parts(t testing.TB, conn *nats.Conn, dir string, wanted ...string) []Part {
	t.Helper()
	all, err := Call(context.Background(), conn, 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	taken, _ := Choose(own, all, wanted)
	var parts []Part
	for _, h := range taken {
		parts = append(parts, Part{Hello: h, Trials: filepath.Join(dir, h.Name+".txt"), Lanes: filepath.Join(dir, h.Name+".lanes")})
	}
	return parts
}

func asker(conn *nats.Conn, patience time.Duration) (*Asker, *said) {
	told := &said{}
	return &Asker{Conn: conn, Identity: own, Host: "asker", Patience: patience, Say: told.say}, told
}

func TestResultsArriveWhole(t *testing.T) {
	connect := meeting(t)
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		there := filepath.Join(dir, "on-"+name)
		if err := os.Mkdir(there, 0o777); err != nil {
			t.Fatal(err)
		}
		joined(t, connect(), name, own, writing(there, 40, false))
	}
	conn := connect()
	a, _ := asker(conn, 10*time.Second)
	outcomes, err := a.Run(context.Background(), "run", json.RawMessage(`{"x":1}`), parts(t, conn, dir))
	if err != nil {
		t.Fatal(err)
	}
	if want := []Outcome{{"a", true, ""}, {"b", true, ""}}; !slices.Equal(outcomes, want) {
		t.Fatalf("%v", outcomes)
	}
	for _, name := range []string{"a", "b"} {
		got, _ := os.ReadFile(filepath.Join(dir, name+".txt"))
		want, _ := os.ReadFile(filepath.Join(dir, "on-"+name, "run.txt"))
		if len(want) == 0 || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes of %d arrived, or others", name, len(got), len(want))
		}
		if got, _ := os.ReadFile(filepath.Join(dir, name+".lanes")); string(got) != "a lane\n" {
			t.Errorf("%s: its lanes are %q", name, got)
		}
	}
}

func TestAnAgentTakesOneRunAtATime(t *testing.T) {
	connect := meeting(t)
	dir := t.TempDir()
	told, _ := joined(t, connect(), "a", own, writing(t.TempDir(), 2, true))
	conn := connect()
	first, _ := asker(conn, 10*time.Second)
	before := parts(t, conn, dir)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan []Outcome, 1)
	go func() {
		outcomes, _ := first.Run(ctx, "one", nil, before)
		ended <- outcomes
	}()
	told.await(t, "begins")
	all, err := Call(context.Background(), conn, 300*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if taken, refused := Choose(own, all, nil); len(taken) != 0 || len(refused) != 1 || !strings.Contains(refused[0], `a is left out: it is busy with a run for "asker"`) {
		t.Errorf("%v, %q", taken, refused)
	}
	// One who does not look is refused, too.
	second, _ := asker(connect(), 10*time.Second)
	outcomes, err := second.Run(context.Background(), "two", nil, []Part{{Hello: before[0].Hello, Trials: filepath.Join(dir, "x"), Lanes: filepath.Join(dir, "y")}})
	if err != nil || len(outcomes) != 1 || outcomes[0].Complete || !strings.Contains(outcomes[0].Reason, "busy") {
		t.Errorf("%v, %v", outcomes, err)
	}
	stop()
	if outcomes := <-ended; len(outcomes) != 1 || outcomes[0].Complete || !strings.Contains(outcomes[0].Reason, "the asker stopped it") {
		t.Errorf("%v", outcomes)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "a.txt")); bytes.Count(got, []byte("\n")) != 2 {
		t.Errorf("what was measured before is lost: %q", got)
	}
}

// An agent whose connection is gone is missed; what it sent is kept, and gone on with.
func TestASilentAgentLeavesItsPart(t *testing.T) {
	connect := meeting(t)
	dir, there := t.TempDir(), t.TempDir()
	lost := connect()
	toldAgent, _ := joined(t, lost, "a", own, writing(there, 3, true))
	joined(t, connect(), "b", own, writing(t.TempDir(), 5, false))
	conn := connect()
	a, told := asker(conn, 1500*time.Millisecond)
	all := parts(t, conn, dir)
	ended := make(chan []Outcome, 1)
	go func() {
		outcomes, _ := a.Run(context.Background(), "run", nil, all)
		ended <- outcomes
	}()
	told.await(t, "b is done")
	for got := []byte(nil); bytes.Count(got, []byte("\n")) < 3; time.Sleep(5 * time.Millisecond) {
		got, _ = os.ReadFile(filepath.Join(dir, "a.txt"))
	}
	lost.Close()
	outcomes := <-ended
	if len(outcomes) != 2 || outcomes[0].Complete || !strings.Contains(outcomes[0].Reason, "silent") || !outcomes[1].Complete {
		t.Fatalf("%v", outcomes)
	}
	toldAgent.await(t, "has been silent") // it has ended its run, too, and is free
	joined(t, connect(), "a", own, writing(there, 4, false))
	conn = connect()
	a, _ = asker(conn, 10*time.Second)
	outcomes, err := a.Run(context.Background(), "run", nil, parts(t, conn, dir, "a"))
	if err != nil || len(outcomes) != 1 || !outcomes[0].Complete {
		t.Fatalf("%v, %v", outcomes, err)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "a.txt")); bytes.Count(got, []byte("\n")) != 7 {
		t.Errorf("it did not go on: %q", got)
	}
}

// Where the asker cannot keep what arrives, that agent is stopped and told so; it keeps
// its own copy.
func TestWhatCannotBeKeptEndsTheRun(t *testing.T) {
	connect := meeting(t)
	there := t.TempDir()
	told, _ := joined(t, connect(), "a", own, writing(there, 3, true))
	conn := connect()
	all := parts(t, conn, filepath.Join(t.TempDir(), "no", "such", "folder"))
	a, _ := asker(conn, 10*time.Second)
	outcomes, err := a.Run(context.Background(), "run", nil, all)
	if err != nil || len(outcomes) != 1 || outcomes[0].Complete || !strings.Contains(outcomes[0].Reason, "keeping a result: ") {
		t.Errorf("%v, %v", outcomes, err)
	}
	told.await(t, "has ended: the asker cannot keep it")
	if got, _ := os.ReadFile(filepath.Join(there, "run.txt")); bytes.Count(got, []byte("\n")) != 3 {
		t.Errorf("the agent has not kept it: %q", got)
	}
}

// What an agent no longer has is not gone on with.
func TestAnotherFileIsNotGoneOnWith(t *testing.T) {
	connect := meeting(t)
	dir := t.TempDir()
	joined(t, connect(), "a", own, writing(t.TempDir(), 1, false))
	conn := connect()
	all := parts(t, conn, dir)
	if err := os.WriteFile(all[0].Trials, []byte("something else\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	a, _ := asker(conn, 10*time.Second)
	outcomes, err := a.Run(context.Background(), "run", nil, all)
	if err != nil || len(outcomes) != 1 || !strings.Contains(outcomes[0].Reason, "is not what the asker has of it, or is gone") {
		t.Errorf("%v, %v", outcomes, err)
	}
}

func TestWhoTakesPart(t *testing.T) {
	h := func(name string, change func(*Hello)) Hello {
		hello := Hello{head: head{Protocol}, Identity: own, Name: name, Host: "h-" + name}
		if change != nil {
			change(&hello)
		}
		return hello
	}
	all := []Hello{
		h("good", nil), h("also", nil), h("twice", nil), h("Twice", nil),
		h("old", func(h *Hello) { h.Version = "format 0" }), h("other", func(h *Hello) { h.Catalogue = "xyz" }),
		h("ahead", func(h *Hello) { h.V = 2 }), h("busy", func(h *Hello) { h.Busy = "me" }), h("../up", nil), h("", nil),
	}
	taken, refused := Choose(own, all, nil)
	if len(taken) != 2 || taken[0].Name != "also" || taken[1].Name != "good" {
		t.Errorf("%v", taken)
	}
	text := strings.Join(refused, "\n")
	for _, want := range []string{
		`old is left out: it is parcon "format 0", this is "format 1"`, `other is left out: its catalogue "xyz" is not`, "ahead is left out: it speaks version 2",
		"busy is left out", "twice is left out: 2 agents have this name", `"../up" is no name`, `"" is no name`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nobody says %q:\n%s", want, text)
		}
	}
	if _, refused := Choose(own, all, []string{"good", "gone"}); len(refused) != 1 || !strings.Contains(refused[0], "gone has not joined") {
		t.Errorf("%q", refused)
	}
	if notes := Together([]Hello{{Name: "a", Host: "x"}, {Name: "b", Host: "y"}, {Name: "c", Host: "x"}}); len(notes) != 1 || !strings.Contains(notes[0], `a and c tell the same host, "x"`) {
		t.Errorf("%q", notes)
	}
}

// Whatever is lost, comes twice or late: a copy is always the beginning of what was sent,
// and whole when all has come.
func TestPiecesMakeTheFile(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		from, to := filepath.Join(dir, fmt.Sprint(n, "from")), copied{path: filepath.Join(dir, fmt.Sprint(n, "to"))}
		text := rapid.SliceOfN(rapid.SampledFrom([]byte("ab\n")), 0, 200).Draw(t, "text")
		if err := os.WriteFile(from, text, 0o666); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 20).Draw(t, "pieces") {
			at := int64(rapid.IntRange(0, len(text)).Draw(t, "at"))
			got, err := next(from, at)
			if err != nil {
				t.Fatal(err)
			}
			if err := to.add(at, got[:rapid.IntRange(0, len(got)).Draw(t, "cut")]); err != nil {
				t.Fatal(err)
			}
			if kept, _ := os.ReadFile(to.path); !bytes.HasPrefix(text, kept) || int64(len(kept)) != to.size {
				t.Fatalf("%q is kept of %q", kept, text)
			}
		}
		for range len(text) + 1 {
			got, _ := next(from, to.size)
			_ = to.add(to.size, got)
		}
		whole := text[:bytes.LastIndexByte(text, '\n')+1]
		if kept, _ := os.ReadFile(to.path); int64(len(kept)) < int64(len(whole)) || !bytes.HasPrefix(text, kept) {
			t.Fatalf("%q is kept of %q", kept, text)
		}
	})
}

func TestALongFileAndALongLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long")
	text := bytes.Repeat([]byte("0123456789\n"), mostText/8)
	text = append(append(text, bytes.Repeat([]byte("x"), mostText+5)...), '\n')
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for {
		part, err := next(path, int64(len(got)))
		if err != nil {
			t.Fatal(err)
		}
		if len(part) == 0 {
			break
		}
		got = append(got, part...)
	}
	if !bytes.Equal(got, text) {
		t.Errorf("%d bytes of %d", len(got), len(text))
	}
	size, sum, err := Size(path)
	if err != nil || size != int64(len(text)) || !begins(path, size, sum) || begins(path, size-1, sum) || begins(path, size+1, sum) {
		t.Errorf("%d %s %v", size, sum, err)
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"a", "host-1.example.org", "A_b"} {
		if err := CheckName(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", ".", "..", ".a", "a.", "a/b", `a\b`, "a b", "a\n", "ä", strings.Repeat("x", 65), "*", ">"} {
		if CheckName(name) == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}

// Whatever arrives is a message of this version or an error.
func FuzzDecode(f *testing.F) {
	f.Add(encode(piece{head: head{Protocol}, Name: "a", File: trials, Text: []byte("x\n")}))
	f.Add(encode(Order{head: head{Protocol}, Identity: own, Run: "r", Options: json.RawMessage(`{}`)}))
	f.Add([]byte(`{"v":2}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := decode[piece](text); err == nil && p.V != Protocol {
			t.Errorf("version %d is read", p.V)
		}
		if o, err := decode[Order](text); err == nil {
			again, err := decode[Order](encode(o))
			if err != nil || again.Run != o.Run || again.Have != o.Have {
				t.Errorf("%v: %+v", err, again)
			}
		}
	})
}

// A server that is gone for a while loses nothing: what was measured meanwhile arrives
// when it is back.
func TestAServerThatIsGoneForAWhile(t *testing.T) {
	options := &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true}
	start := func() *server.Server {
		s, err := server.NewServer(options)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		if !s.ReadyForConnections(30 * time.Second) {
			t.Fatal("the server is not ready")
		}
		return s
	}
	first := start()
	url := first.ClientURL()
	options.Port = first.Addr().(*net.TCPAddr).Port
	connect := func() *nats.Conn {
		c, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	dir := t.TempDir()
	path, half, back := filepath.Join(dir, "there"), make(chan bool), make(chan bool)
	begin := func(Order) (Errand, error) {
		return Errand{Trials: path, Do: func(_ context.Context, kept func(), _ func(string)) (bool, error) {
			err := os.WriteFile(path, []byte("one\n"), 0o666)
			kept()
			half <- true
			<-back
			return true, errors.Join(err, os.WriteFile(path, []byte("one\ntwo\n"), 0o666))
		}}, nil
	}
	_, end := joined(t, connect(), "a", own, begin)
	conn := connect()
	all := parts(t, conn, dir)
	a, _ := asker(conn, 30*time.Second)
	ended := make(chan []Outcome, 1)
	go func() {
		outcomes, _ := a.Run(context.Background(), "run", nil, all)
		ended <- outcomes
	}()
	<-half
	first.Shutdown()
	first.WaitForShutdown()
	back <- true
	second := start()
	defer second.Shutdown()
	if outcomes := <-ended; len(outcomes) != 1 || !outcomes[0].Complete {
		t.Errorf("%v", outcomes)
	}
	if got, _ := os.ReadFile(all[0].Trials); string(got) != "one\ntwo\n" {
		t.Errorf("%q", got)
	}
	end() // while it can still be heard
}

// An agent is free again if who asked it answers and keeps nothing.
func TestAnAskerThatKeepsNothingIsLeft(t *testing.T) {
	connect := meeting(t)
	told, _ := joined(t, connect(), "a", own, writing(t.TempDir(), 3, true))
	conn := connect()
	hello := parts(t, conn, t.TempDir())[0].Hello
	to := nats.NewInbox()
	if _, err := conn.Subscribe(to, func(m *nats.Msg) { _ = m.Respond(encode(ack{head: head{Protocol}})) }); err != nil {
		t.Fatal(err)
	}
	o := Order{head: head{Protocol}, Identity: own, Run: "run", From: "x", To: to, Patience: 1}
	if reply, err := conn.Request(hello.At, encode(o), 10*time.Second); err != nil || strings.Contains(string(reply.Data), "refused") {
		t.Fatalf("%v", err)
	}
	told.await(t, "has ended: the asker, x, has been silent for 1s")
}

// Junk from somebody who has the key harms nobody.
func TestJunkIsPassedOver(t *testing.T) {
	connect := meeting(t)
	dir := t.TempDir()
	told, _ := joined(t, connect(), "a", own, writing(t.TempDir(), 3, false))
	conn := connect()
	all := parts(t, conn, dir)
	for _, text := range []string{"", "{", `{"v":1}`, `{"v":9}`, `{"v":1,"run":"../up","to":"x","patience":9}`} {
		if reply, err := conn.Request(all[0].At, []byte(text), 5*time.Second); err != nil || !strings.Contains(string(reply.Data), "refused") {
			t.Errorf("%q: %v", text, err)
		}
		if err := conn.Publish(callSubject, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	a, _ := asker(conn, 10*time.Second)
	outcomes, err := a.Run(context.Background(), "run", nil, all)
	if err != nil || len(outcomes) != 1 || !outcomes[0].Complete {
		t.Errorf("%v, %v, %q", outcomes, err, told.lines)
	}
}
