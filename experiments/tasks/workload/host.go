package workload

import "time"

// A Host is told by a task what it is about to do, by models whose turns are not those of
// the kernel or of Go: a lock that a computing thread holds, or a scheduler of its own. Its
// methods are called by many tasks at once.
type Host interface {
	// Check is a safe point, at which a computing task may lose its turn. Tasks come to
	// one every 100 us at most, as every turn of a loop is one for CPython.
	Check()
	// Sleep waits.
	Sleep(d time.Duration)
	// Block makes a call that may block.
	Block(call func())
}

// Check is a safe point.
func (p *Params) Check() {
	if p.Host != nil {
		p.Host.Check()
	}
}

// Sleep waits.
func (p *Params) Sleep(d time.Duration) {
	if p.Host != nil {
		p.Host.Sleep(d)
		return
	}
	time.Sleep(d)
}

// Block makes a call that may block.
func (p *Params) Block(call func()) {
	if p.Host != nil {
		p.Host.Block(call)
		return
	}
	call()
}
