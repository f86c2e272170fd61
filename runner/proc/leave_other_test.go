//go:build !linux

package proc_test

func leave() {}

func firstThread() bool { return false }
