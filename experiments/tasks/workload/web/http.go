// Package web holds the workloads that talk over the network. They stand apart
// from the others because of what they import: a program takes a tenth longer to
// start with net, and twice as long with net/http.
package web

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"parcon/experiments/tasks/workload"
)

// All are the workloads of workload.Remote, with their code.
var All = func() []workload.Workload {
	code := map[string]func(workload.Params) (workload.Task, error){"network": newNetwork, "http": newHTTP}
	all := slices.Clone(workload.Remote)
	for i := range all {
		all[i].New = code[all[i].Name]
	}
	return all
}()

// newHTTP asks the same question as the network workload through net/http.
func newHTTP(p workload.Params) (workload.Task, error) {
	// The default keeps two idle connections per host; the tasks beyond
	// would dial anew each time and measure that instead.
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: maxIdle}}
	return func(seed uint64) (uint64, error) { return get(client, p, seed) }, nil
}

func get(client *http.Client, p workload.Params, seed uint64) (uint64, error) {
	query := url.Values{"delay": {p.Delay.String()}, "seed": {strconv.FormatUint(seed, 10)}}
	var response *http.Response
	var err error
	if p.Block(func() { response, err = client.Get("http://" + p.Addr + "/?" + query.Encode()) }); err != nil {
		return 0, fmt.Errorf("asking the delay server: %w", err)
	}
	defer response.Body.Close()
	var body []byte
	if p.Block(func() { body, err = io.ReadAll(response.Body) }); err != nil {
		return 0, fmt.Errorf("reading the answer of the delay server at %s: %w", p.Addr, err)
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("the delay server at %s answered %s: %s", p.Addr, response.Status, body)
	}
	return strconv.ParseUint(string(body), 10, 64)
}

// Handler answers the requests of HTTP.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		delay, err1 := time.ParseDuration(r.FormValue("delay"))
		seed, err2 := strconv.ParseUint(r.FormValue("seed"), 10, 64)
		if err1 != nil || err2 != nil {
			http.Error(w, "want delay and seed", http.StatusBadRequest)
			return
		}
		time.Sleep(delay)
		fmt.Fprint(w, Reply(seed))
	})
}
