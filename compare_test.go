package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What --json prints is one JSON object, and nothing else is on stdout.
func TestCompareSpeaksJSON(t *testing.T) {
	dir := t.TempDir()
	write := func(name, value string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Repeat("BenchmarkX 1 "+value+" ns/op\n", 6)), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old, new := write("old.txt", "10"), write("new.txt", "11")
	var stdout, stderr strings.Builder
	if code := execute(context.Background(), []string{"compare", old, new, "--json", "--threshold", "5%"}, &stdout, &stderr); code != exitWorse {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	var got struct {
		Old       string
		Unit      string
		Threshold float64
		Worse     bool
		Rows      []struct {
			Name    string
			Ratio   *float64
			Low     *float64
			Visible *float64
			Verdict string
			NOld    int `json:"n_old"`
		}
	}
	if err := json.Unmarshal([]byte(stdout.String()), &got); err != nil {
		t.Fatal(err)
	}
	if r := got.Rows; got.Old != old || got.Unit != "ns/op" || got.Threshold != 0.05 || !got.Worse || len(r) != 1 || *r[0].Ratio < 1.099 || *r[0].Ratio > 1.101 || *r[0].Visible != 0 || r[0].Verdict != "slower" || r[0].NOld != 6 {
		t.Errorf("%+v", got)
	}
}

func TestCentresAreShort(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{
		{1130000, "ns/op", "1.130 ms"},
		{0, "allocs/op", "0.000 allocs/op"},
		{16384, "B/op", "16.00 KiB/op"},
		{1e308, "ns/op", "1e+287 Ts"},
		{1e308, "B/op", "9.095e+295 TiB/op"},
		{math.NaN(), "ns/op", "–"},
	} {
		if got := centre(c.v, c.unit); got != c.want {
			t.Errorf("%v %s: %s, want %s", c.v, c.unit, got, c.want)
		}
	}
}
