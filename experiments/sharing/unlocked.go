//go:build !race

package sharing

// detecting says that this is a build of the race detector, see errDetecting.
const detecting = false

// noLock does n updates that nothing keeps apart.
func noLock(a *account, n int) error {
	for range n {
		update(a.number)
	}
	return nil
}
