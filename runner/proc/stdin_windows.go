package proc

import "os"

// Stdin is standard input.
func Stdin() *os.File { return os.Stdin }
