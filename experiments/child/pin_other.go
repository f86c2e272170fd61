//go:build !linux

package child

// pinToFirstCore does nothing here: there is no portable way, and a single busy
// thread loads one core at a time anyway.
func pinToFirstCore() error { return nil }
