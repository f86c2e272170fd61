//go:build !unix

package subject

import "os"

// streams hides the streams of this process from the function, as far as it uses those of
// package os.
func streams() (in, out, said *os.File, err error) {
	none, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, nil, err
	}
	in, out, said = os.Stdin, os.Stdout, os.Stderr
	os.Stdin, os.Stdout, os.Stderr = none, none, none
	return in, out, said, nil
}
