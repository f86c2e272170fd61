package web_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parcon/experiments/tasks/workload"
	"parcon/experiments/tasks/workload/web"
)

func Example() {
	server := httptest.NewServer(web.Handler())
	defer server.Close()
	addr := strings.TrimPrefix(server.URL, "http://")
	task, _ := web.All[1].New(workload.Params{Addr: addr, Delay: time.Millisecond})
	answer, err := task(3)
	fmt.Println(answer == web.Reply(3), err)
	// Output: true <nil>
}

func TestServerRefusesNonsense(t *testing.T) {
	for _, query := range []string{"", "?delay=1ms", "?delay=x&seed=1", "?delay=1ms&seed=-1"} {
		recorder := httptest.NewRecorder()
		web.Handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/"+query, nil))
		if recorder.Code != 400 {
			t.Errorf("%q was answered with %d", query, recorder.Code)
		}
	}
}
