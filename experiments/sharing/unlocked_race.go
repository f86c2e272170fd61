//go:build race

package sharing

// detecting says that this is a build of the race detector, see errDetecting.
const detecting = true

func noLock(*account, int) error { return errDetecting }
