package procpool

import "sync/atomic"

// A job is n requests with the numbers 0 to n-1: those of a Map, or the one of
// a Future. Its fields from next on belong to the pool's lock.
type job struct {
	request func(i int, buf []byte) []byte // of a Map
	reply   func(i int, answer []byte) error
	body    []byte  // of a Future
	future  *Future // nil: it is a Map's
	n       int
	chunk   int
	only    *place        // the worker's that must run it; nil: any
	done    chan struct{} // of a Map: closed when open is 0

	dropped atomic.Bool // it failed or was called off: nothing of it is wanted any more

	next   int   // the first number that was never handed out
	back   []lot // handed out and given back, the last one goes first
	open   int   // requests that are not settled
	err    error // the first
	listed bool
	after  *job
}

// A lot is what one frame carries: requests of one job, from first on.
type lot struct {
	job          *job
	first, count int
	seq          int // how many requests were sent to this process before
	frame        int // how many frames
	bytes        int // its length as a frame, once that is known
}

// end is how many requests were sent to the process with it.
func (l *lot) end() int { return l.seq + l.count }

// lots is how many are left to hand out.
func (j *job) lots() int { return len(j.back) + (j.n-j.next+j.chunk-1)/j.chunk }

// take hands out the next lot. There must be one.
func (j *job) take() lot {
	if last := len(j.back) - 1; last >= 0 {
		l := j.back[last]
		j.back = j.back[:last]
		return l
	}
	l := lot{job: j, first: j.next, count: min(j.chunk, j.n-j.next)}
	j.next += l.count
	return l
}

// drop takes out what was not handed out: the number of lots and of requests.
func (j *job) drop() (lots, requests int) {
	lots, requests = j.lots(), j.n-j.next
	for _, l := range j.back {
		requests += l.count
	}
	j.next, j.back = j.n, nil
	return lots, requests
}

// queue holds the jobs that have something to hand out, the oldest first. Jobs
// that were dropped stay in it until their turn comes.
type queue struct {
	first, last *job
	left        int // lots
}

func (q *queue) add(j *job) {
	q.left += j.lots()
	j.listed, j.after = true, nil
	if q.last == nil {
		q.first = j
	} else {
		q.last.after = j
	}
	q.last = j
}

// giveBack puts a lot before all others, because it was there before.
func (q *queue) giveBack(l lot) {
	j := l.job
	j.back = append(j.back, l)
	q.left++
	if j.listed {
		return
	}
	j.listed, j.after = true, q.first
	q.first = j
	if q.last == nil {
		q.last = j
	}
}

// take hands out the next lot. There must be one: left says so.
func (q *queue) take() lot {
	for q.first.lots() == 0 {
		q.pop()
	}
	l := q.first.take()
	q.left--
	if q.first.lots() == 0 {
		q.pop()
	}
	return l
}

func (q *queue) pop() *job {
	j := q.first
	if q.first = j.after; q.first == nil {
		q.last = nil
	}
	j.listed, j.after = false, nil
	return j
}

// ahead says whether a worker that holds so many lots may take another, when so
// many workers have none at all. It may hold half of its fair share of those
// left, but two at least (one to run and one to go on with), and the window at
// most; and it leaves those be that an idle worker is about to take.
func (q *queue) ahead(held, window, workers, resting int) bool {
	switch {
	case q.left == 0:
		return false
	case held == 0:
		return true
	case q.left <= resting:
		return false
	}
	return held < min(window, max(2, q.left/(2*workers)))
}
