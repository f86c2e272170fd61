package forecast

// push puts a task at the end of a list.
func (r *run) push(l *list, id int32) {
	r.tasks[id].next = none
	if l.tail == none {
		l.head = id
	} else {
		r.tasks[l.tail].next = id
	}
	l.tail = id
}

// pop takes the first task of a list, none if it is empty.
func (r *run) pop(l *list) int32 {
	id := l.head
	if id == none {
		return none
	}
	if l.head = r.tasks[id].next; l.head == none {
		l.tail = none
	}
	return id
}

// ask puts a worker behind those that ask its stream for more.
func (r *run) ask(worker int32) {
	l := &r.streams[int(worker)%r.Streams].asking
	r.crew[worker].next = none
	if l.tail == none {
		l.head = worker
	} else {
		r.crew[l.tail].next = worker
	}
	l.tail = worker
}

// hand gives a stream's tasks to those who ask. Who may hold more asks again at once.
func (r *run) hand(of int32) {
	s := &r.streams[of]
	for s.backlog.head != none && s.asking.head != none {
		worker := s.asking.head
		c := &r.crew[worker]
		if s.asking.head = c.next; s.asking.head == none {
			s.asking.tail = none
		}
		if c.held++; c.held < int32(r.Prefetch) {
			r.ask(worker)
		}
		id := r.pop(&s.backlog)
		r.tasks[id].worker = worker
		r.send(id)
		s.ahead--
		r.refill()
	}
}

// An agenda has what is to happen, the earliest first: a binary heap. It is written out,
// as container/heap makes an allocation of each entry.
type agenda []entry

type entry struct {
	at   float64
	what int32
}

func (a *agenda) add(e entry) {
	h := append(*a, e)
	i := len(h) - 1
	for i > 0 && e.at < h[(i-1)/2].at {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = e
	*a = h
}

func (a *agenda) take() entry {
	h := *a
	first, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	i := 0
	for 2*i+1 < len(h) {
		child := 2*i + 1
		if child+1 < len(h) && h[child+1].at < h[child].at {
			child++
		}
		if h[child].at >= last.at {
			break
		}
		h[i] = h[child]
		i = child
	}
	if len(h) > 0 {
		h[i] = last
	}
	*a = h
	return first
}
