//go:build !linux

package procpool_test

func segfault() { panic("no test asks for it here") }
