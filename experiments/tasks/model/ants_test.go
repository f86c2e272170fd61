package model

import "testing"

// Close waits until the workers are gone; the library's Release does not.
func TestAntsCloseWaits(t *testing.T) {
	for range 20 {
		crew, err := antsPool.Start(50, Job{Run: func(int) error { return nil }})
		if err != nil {
			t.Fatal(err)
		}
		if err := crew.Run(500); err != nil {
			t.Fatal(err)
		}
		if err := crew.Close(); err != nil {
			t.Fatal(err)
		}
		if n := crew.(antsCrew).pool.Running(); n != 0 {
			t.Fatalf("%d workers are left", n)
		}
	}
}
