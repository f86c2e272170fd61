package web_test

import (
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parcon/experiments/tasks/workload"
	"parcon/experiments/tasks/workload/web"
)

// servers starts those of both workloads and returns their addresses.
func servers(t *testing.T) map[string]string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go web.ServeDelays(l)
	pages := httptest.NewServer(web.Handler())
	t.Cleanup(pages.Close)
	return map[string]string{"network": l.Addr().String(), "http": strings.TrimPrefix(pages.URL, "http://")}
}

// Forty requests at once, twice over, each with its own answer.
func TestRequestsRunAtOnce(t *testing.T) {
	at := servers(t)
	for _, w := range web.All {
		task, err := w.New(workload.Params{Name: w.Name, Delay: time.Millisecond, Addr: at[w.Name]})
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error)
		for i := range 40 {
			go func() {
				seed := workload.Seed(i)
				for range 2 {
					if got, err := task(seed); err != nil || got != web.Reply(seed) {
						errs <- fmt.Errorf("%s answered %d to %d: %v", w.Name, got, seed, err)
						return
					}
				}
				errs <- nil
			}()
		}
		for range 40 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAServerThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, w := range web.All {
		task, err := w.New(workload.Params{Name: w.Name, Addr: l.Addr().String()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := task(1); err == nil || !strings.Contains(err.Error(), "the delay server") {
			t.Errorf("%s: error %v", w.Name, err)
		}
	}
}

// A server that is there but says nothing does not answer, nor does one that is gone.
func TestAnswers(t *testing.T) {
	at := servers(t)
	if err := web.Answers(at["network"], at["http"], time.Minute); err != nil {
		t.Error(err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	mute := silent.Addr().String()
	for name, pair := range map[string][2]string{"network": {mute, at["http"]}, "http": {at["network"], mute}} {
		if err := web.Answers(pair[0], pair[1], 20*time.Millisecond); err == nil {
			t.Errorf("a mute server of %s answered", name)
		}
	}
	if err := silent.Close(); err != nil {
		t.Fatal(err)
	}
	if err := web.Answers(mute, at["http"], time.Minute); err == nil {
		t.Error("a server that is gone answered")
	}
}
