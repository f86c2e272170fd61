package model

import "sync/atomic"

// firstError keeps the first of many errors. Looking at it costs a load that
// all cores share in their caches as long as nothing fails.
type firstError struct{ err atomic.Pointer[error] }

func (f *firstError) note(err error) {
	if err != nil {
		f.err.CompareAndSwap(nil, &err)
	}
}

func (f *firstError) any() bool { return f.err.Load() != nil }

func (f *firstError) get() error {
	if p := f.err.Load(); p != nil {
		return *p
	}
	return nil
}
