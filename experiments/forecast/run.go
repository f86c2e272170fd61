package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
)

// The steps of a task. In each it needs somebody's time.
const (
	publish = iota // the master's
	enter          // its stream's
	work           // its worker's
	leave          // its stream's again
	read           // the master's
)

// none ends a list.
const none = -1

// A task is in one list at most.
type task struct {
	due            float64
	worker, stream int32
	next           int32
	step           int8
}

// A list is of tasks, by their place, first in, first out.
type list struct{ head, tail int32 }

// A station does one thing at a time: the master, a stream or a worker.
type station struct {
	waiting list
	now     int32 // the task that it is at; none
}

// A stream hands tasks to workers.
type stream struct {
	backlog list
	asking  list // workers that may hold more
	ahead   int  // tasks published, or about to be, and not handed to a worker
}

// A crewman is what a worker has besides its station.
type crewman struct {
	held, stock int32 // tasks handed to it and not answered; of these, those it began with
	next        int32 // in the list of those asking
}

// A run is a simulation. Stations are the master, the streams, and the workers.
type run struct {
	System
	rate     float64 // tasks due in a ns; 0: as many as can be published
	random   *rand.Rand
	now      float64
	timers   agenda  // tasks that arrive somewhere or have waited
	cpu      agenda  // stations that compute, each on its own core
	shared   []burst // those that share cores: the first of them, as many as there are cores, run
	urgent   int     // of these so many are streams
	enough   bool    // there is a core for each
	arrival  float64
	tasks    []task
	free     list
	stations []station
	streams  []stream
	crew     []crewman
	last     int  // stream that was published to
	ahead    int  // so many tasks may be, at each stream, where they are not due at random
	busy     bool // publishing

	answered, skip, until int
	counts                counts
}

// A burst is a station that computes, and how much is left.
type burst struct {
	left float64
	what int32
}

// counts are sums over time since the beginning, or since they were cleared.
type counts struct {
	since                                   float64
	flying, inStreams, inMaster, atWork     int
	inFlight, queue, master, workers, cores float64
	published                               int
	latencies                               []float64
}

// mostInFlight bounds what is simulated.
const mostInFlight = 200_000

func newRun(s System, rate float64, seed uint64) *run {
	r := &run{System: s, rate: rate, random: rand.New(rand.NewPCG(seed, uint64(s.Workers))), free: list{none, none}, arrival: math.Inf(1)}
	r.enough = s.Cores == 0 || s.Cores > s.Workers+s.Streams
	r.stations = slices.Repeat([]station{{list{none, none}, none}}, 1+s.Streams+s.Workers)
	r.streams = slices.Repeat([]stream{{backlog: list{none, none}, asking: list{none, none}}}, s.Streams)
	r.crew = make([]crewman, s.Workers)
	perSecond := s.Bound()
	if rate > 0 {
		perSecond = rate * 1e9
	}
	flying := int(min(perSecond/1e9*(s.alone()+s.Master+2*s.Hop), mostInFlight))
	full := rate == 0 && s.Bound() >= 0.999*s.computing()
	if r.skip = 1_000; !full {
		r.skip += flying * 5 / 4
	}
	counted := 4_000
	if rate > 0 {
		counted = 10_000 // a hundred above the 99th of a hundred
	}
	r.until = r.skip + max(counted, flying/2)
	r.ahead = 16 + int(min(2*s.Hop*perSecond/1e9/float64(s.Streams), 10_000))
	for w := range r.crew {
		if full {
			r.begin(w)
		}
		if r.crew[w].held < int32(s.Prefetch) {
			r.ask(int32(w))
		}
	}
	if rate > 0 {
		r.arrival = r.random.ExpFloat64() / rate
	} else {
		r.refill()
	}
	return r
}

// begin lets a worker hold all that it may, and be somewhere in the first.
func (r *run) begin(w int) {
	c := &r.crew[w]
	c.held, c.stock = int32(r.Prefetch), int32(r.Prefetch)-1
	st := 1 + r.Streams + w
	id := r.stocked(w)
	r.stations[st].now = id
	r.counts.flying++
	r.counts.atWork++
	rest := r.random.Float64()
	if length := r.length(); r.Waits {
		r.timers.add(entry{rest * (r.Worker + length), id})
	} else {
		r.compute(st, rest*(r.Worker+length))
	}
}

// stocked is a task that a worker holds from the beginning.
func (r *run) stocked(w int) int32 {
	id := r.newTask(w % r.Streams)
	r.tasks[id].worker, r.tasks[id].step = int32(w), work
	return id
}

// length is that of a task. A spread below a thousandth changes nothing.
func (r *run) length() float64 {
	if r.Spread < 0.001 {
		return r.Length
	}
	shape := 1 / (r.Spread * r.Spread)
	return r.Length * gamma(r.random, shape) / shape
}

// gamma draws from the gamma distribution with a shape, and scale 1: Marsaglia and Tsang,
// A simple method for generating gamma variables, 2000.
func gamma(random *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(random, shape+1) * math.Pow(random.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	for {
		x := random.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(random.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// outcome simulates.
func (r *run) outcome() Outcome {
	for r.answered < r.until {
		r.next()
	}
	c, time := &r.counts, r.now-r.counts.since
	sum := 0.0
	for _, l := range c.latencies {
		sum += l
	}
	slices.Sort(c.latencies)
	at := func(q float64) float64 { return c.latencies[int(q*float64(len(c.latencies)))] }
	share := func(area float64, of int) float64 { return area / time / float64(of) }
	// What is in flight grows and shrinks in waves, and may end on another level than it
	// began: the mean of what went in and what came out is nearer to the truth than either.
	o := Outcome{
		Throughput: 1e9 * float64(c.published+len(c.latencies)) / 2 / time,
		Mean:       sum / float64(len(c.latencies)), P50: at(0.5), P99: at(0.99), P999: at(0.999),
		InFlight: c.inFlight / time,
		Queue:    share(c.queue, r.Streams), Master: share(c.master, 1), Workers: share(c.workers, r.Workers),
	}
	if r.Cores > 0 {
		o.Cores = share(c.cores, r.Cores)
	}
	return o
}

// next lets the next thing happen.
func (r *run) next() {
	at := r.arrival
	if len(r.timers) > 0 {
		at = min(at, r.timers[0].at)
	}
	computed := none
	if len(r.cpu) > 0 && r.cpu[0].at <= at {
		at, computed = r.cpu[0].at, 0
	}
	for i, b := range r.running() {
		if done := r.now + b.left; done <= at {
			at, computed = done, i
		}
	}
	r.pass(at)
	switch {
	case computed != none && r.enough:
		r.computed(int(r.cpu.take().what))
	case computed != none:
		st := r.shared[computed].what
		r.shared = slices.Delete(r.shared, computed, computed+1)
		if computed < r.urgent {
			r.urgent--
		}
		r.computed(int(st))
	case at == r.arrival:
		r.due()
	default:
		id := r.timers.take().what
		if st := r.station(id); r.stations[st].now == id { // it has waited
			r.done(st)
		} else {
			r.arrive(id)
		}
	}
}

// running are the bursts that have one of the shared cores.
func (r *run) running() []burst { return r.shared[:min(len(r.shared), r.Cores)] }

// compute lets a station compute. Streams take a core from all others, the master from
// workers.
func (r *run) compute(st int, cost float64) {
	b := burst{cost, int32(st)}
	switch {
	case r.enough:
		r.cpu.add(entry{r.now + cost, b.what})
	case st > r.Streams:
		r.shared = append(r.shared, b)
	default:
		r.shared = slices.Insert(r.shared, r.urgent, b)
		if st > 0 {
			r.urgent++
		}
	}
}

// pass lets time pass.
func (r *run) pass(at float64) {
	c, dt := &r.counts, at-r.now
	c.inFlight += dt * float64(c.flying)
	c.queue += dt * float64(c.inStreams)
	c.master += dt * float64(c.inMaster)
	c.workers += dt * float64(c.atWork)
	running := r.running()
	c.cores += dt * float64(len(running)+len(r.cpu))
	for i := range running {
		running[i].left = max(0, running[i].left-dt)
	}
	r.now = at
}

// due is a task from outside.
func (r *run) due() {
	r.arrival = r.now + r.random.ExpFloat64()/r.rate
	r.last = (r.last + 1) % r.Streams
	r.counts.flying++
	r.arrive(r.newTask(r.last))
}

// refill publishes one task after another, to the next stream at which not too many wait.
func (r *run) refill() {
	if r.rate > 0 || r.busy {
		return
	}
	for i := range r.Streams {
		of := (r.last + 1 + i) % r.Streams
		if s := &r.streams[of]; s.ahead < r.ahead {
			r.last, r.busy = of, true
			s.ahead++
			r.counts.flying++
			r.arrive(r.newTask(of))
			return
		}
	}
}

// newTask is one to be published now.
func (r *run) newTask(of int) int32 {
	t := task{due: r.now, worker: none, stream: int32(of), next: none}
	if id := r.pop(&r.free); id != none {
		r.tasks[id] = t
		return id
	}
	r.tasks = append(r.tasks, t)
	return int32(len(r.tasks) - 1)
}

// station is where a task's next step is done.
func (r *run) station(id int32) int {
	switch t := r.tasks[id]; t.step {
	case publish, read:
		return 0
	case work:
		return 1 + r.Streams + int(t.worker)
	default:
		return 1 + int(t.stream)
	}
}

// arrive puts a task where its next step is done.
func (r *run) arrive(id int32) {
	st := r.station(id)
	r.push(&r.stations[st].waiting, id)
	r.start(st)
}

// start lets a station do the next thing, if it does nothing.
func (r *run) start(st int) {
	s := &r.stations[st]
	if s.now != none {
		return
	}
	w := st - 1 - r.Streams
	if w >= 0 && r.crew[w].stock > 0 {
		r.crew[w].stock--
		r.counts.flying++
		s.now = r.stocked(w)
	} else if s.now = r.pop(&s.waiting); s.now == none {
		return
	}
	cost := 0.0
	switch {
	case w >= 0:
		r.counts.atWork++
		if cost = r.Worker; !r.Waits {
			cost += r.length()
		}
	case st == 0:
		r.counts.inMaster++
		cost = r.Master / 2
	default:
		r.counts.inStreams++
		cost = r.Queue / 2
	}
	r.compute(st, cost)
}

// computed is a station that has had the CPU time that it needed.
func (r *run) computed(st int) {
	if id := r.stations[st].now; r.tasks[id].step == work && r.Waits {
		r.timers.add(entry{r.now + r.length(), id})
		return
	}
	r.done(st)
}

// done is a station's task that goes to its next step.
func (r *run) done(st int) {
	id := r.stations[st].now
	r.stations[st].now = none
	t := &r.tasks[id]
	step := t.step
	t.step++
	switch step {
	case publish:
		r.counts.inMaster--
		r.counts.published++
		r.send(id)
		r.busy = false
		r.refill()
	case enter:
		r.counts.inStreams--
		r.push(&r.streams[t.stream].backlog, id)
		r.hand(t.stream)
	case work:
		r.counts.atWork--
		r.send(id)
	case leave:
		r.counts.inStreams--
		worker, of := t.worker, t.stream
		r.send(id)
		if r.crew[worker].held--; r.crew[worker].held == int32(r.Prefetch)-1 {
			r.ask(worker)
		}
		r.hand(of)
	case read:
		r.counts.inMaster--
		r.answer(id)
	}
	r.start(st)
}

// send lets a task's message go to where its next step is done.
func (r *run) send(id int32) {
	if r.Hop == 0 {
		r.arrive(id)
	} else {
		r.timers.add(entry{r.now + r.Hop, id})
	}
}

// answer counts a task that is done.
func (r *run) answer(id int32) {
	r.answered++
	r.counts.flying--
	if r.answered > r.skip {
		r.counts.latencies = append(r.counts.latencies, r.now-r.tasks[id].due)
	} else if r.answered == r.skip {
		c := r.counts
		r.counts = counts{since: r.now, flying: c.flying, inStreams: c.inStreams, inMaster: c.inMaster, atWork: c.atWork}
	}
	r.push(&r.free, id)
}
