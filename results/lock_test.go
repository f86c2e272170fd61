//go:build unix

package results_test

import (
	"strings"
	"testing"

	"parcon/results"
)

func TestAFolderHasOneWriter(t *testing.T) {
	dir := t.TempDir()
	unlock, err := results.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := results.Lock(dir); err == nil || !strings.Contains(err.Error(), "another run is writing into "+dir) {
		t.Errorf("locked twice: %v", err)
	}
	unlock()
	again, err := results.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if _, err := results.Lock(dir + "/none"); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("locked what is not there: %v", err)
	}
}
