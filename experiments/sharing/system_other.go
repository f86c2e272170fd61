//go:build !linux

package sharing

import (
	"errors"
	"fmt"
	"os"
)

// What needs Linux says so here.
var errLinux = fmt.Errorf("this needs Linux: %w", errors.ErrUnsupported)

const exclusive, unlocked = 0, 0

func flock(*os.File, int) error            { return errLinux }
func block(*os.File) error                 { return errLinux }
func heritable(*os.File) error             { return errLinux }
func terminal() (_, _ *os.File, err error) { return nil, nil, errLinux }
func threadID() int                        { return 0 }
func fault() error                         { return errLinux }
func limitMemory(uint64) error             { return errLinux }
