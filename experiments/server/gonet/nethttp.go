package gonet

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"

	"parcon/experiments/echo"
	"parcon/experiments/server"
)

// netHTTP is the server of net/http as it is: a goroutine for each connection, which
// recovers from panics.
var netHTTP = server.Model{Name: server.NetHTTP, Procs: allCores, Serve: func(c server.Config) (server.Server, error) {
	l, s, err := listen(c)
	if err != nil {
		return nil, err
	}
	h := &http.Server{
		Handler:        &handler{Single: s, spare: sync.Pool{New: func() any { return new(buffers) }}},
		MaxHeaderBytes: 8 << 10,
		ConnState: func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				s.Opened(1)
			case http.StateClosed:
				s.Opened(-1)
			}
		},
	}
	go func() {
		fmt.Fprintln(os.Stderr, "the server ended:", h.Serve(l))
		os.Exit(1)
	}()
	return s, nil
}}

type handler struct {
	*server.Single
	spare sync.Pool
}

type buffers struct {
	requests echo.Decoder[echo.Request]
	out      []byte
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := h.spare.Get().(*buffers)
	request, err := read(&b.requests, r)
	var answer echo.Answer
	if err == nil {
		answer, err = server.Answer(request, h.Crashes)
	}
	if err != nil {
		h.Refuse(err)
		w.Header().Set("Connection", "close")
		http.Error(w, err.Error(), http.StatusBadRequest)
		return // what is left in the buffers goes with them
	}
	b.out = answer.Append(b.out[:0])
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(b.out)))
	_, _ = w.Write(b.out)
	h.spare.Put(b)
}

// read takes the one request that a body is.
func read(requests *echo.Decoder[echo.Request], r *http.Request) (echo.Request, error) {
	if r.ContentLength < 0 || r.ContentLength > echo.MaxFrame {
		return echo.Request{}, echo.ErrLength
	}
	for {
		n, err := r.Body.Read(requests.Room())
		requests.Filled(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return echo.Request{}, err
		}
	}
	request, whole, err := requests.Next()
	if err == nil && !whole {
		err = echo.ErrTruncated
	}
	if err == nil && !requests.Empty() {
		err = echo.ErrLength
	}
	return request, err
}
