//go:build !unix

package results

const doNotWait = 0
