package role

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"parcon/experiments/remote"
	"parcon/experiments/scratch"
	"parcon/runner/link/broker"
)

// serve is the server. Its files are removed at the end, unless they are to be kept.
func serve(_ context.Context, o remote.Order, t *talk) error {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	if !o.Keep {
		if dir, err = os.MkdirTemp(o.Dir, scratch.Name()+"-"); err != nil {
			return fmt.Errorf("making a folder for the server of a queue: %w", err)
		}
		defer os.RemoveAll(dir)
	}
	b, err := broker.Start(broker.Options{
		Listen: fmt.Sprintf("127.0.0.1:%d", o.Port), Key: o.Key, Dir: dir, Sync: o.Store == remote.Synced,
	})
	if err != nil {
		return err
	}
	defer b.Close()
	t.say("%s", b.URL())
	return t.attend(unknown)
}
