//go:build !linux

package messages

import (
	"os"

	"parcon/experiments/ipc"
)

type conversation struct{}

func newCaller(string) (*caller, []*os.File, error) { return nil, nil, ipc.ErrUnsupported }

func inheritConversation(string, int) conversation { return conversation{} }

func (conversation) close() {}

func (conversation) say([]byte) error { return ipc.ErrUnsupported }

func (conversation) hear() ([]byte, error) { return nil, ipc.ErrUnsupported }
