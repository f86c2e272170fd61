package runner

import (
	"bytes"
	"io"
	"io/fs"
)

// mostCores bounds the cores whose frequency is read, and mostInfo the bytes of
// /proc/cpuinfo, in which a core takes about 1500: on a machine with hundreds
// of cores reading all would take milliseconds.
const (
	mostCores = 16
	mostInfo  = 32 << 10
)

// frequencies finds the files that hold the frequency of a core, of at most
// mostCores, evenly spread.
func frequencies(root fs.FS) []string {
	all, _ := fs.Glob(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq") // no error: the pattern is right
	if len(all) <= mostCores {
		return all
	}
	var some []string
	for i := range mostCores {
		some = append(some, all[i*len(all)/mostCores])
	}
	return some
}

// mhz is the mean frequency of the cores at this moment, in MHz: of those that
// files tell, or else of the first ones in /proc/cpuinfo. A virtual machine may
// always tell the same.
func mhz(root fs.FS, files []string) (mean float64, known bool) {
	sum, n := 0.0, 0
	for _, name := range files {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			continue // this core was switched off
		}
		if kHz, ok := parsePositive(bytes.TrimSpace(text)); ok && kHz > 0 {
			sum += kHz / 1000
			n++
		}
	}
	if n > 0 {
		return sum / float64(n), true
	}
	info, err := root.Open("proc/cpuinfo")
	if err != nil {
		return 0, false
	}
	defer info.Close()
	text, err := io.ReadAll(io.LimitReader(info, mostInfo))
	if err != nil {
		return 0, false
	}
	return parseMHz(text)
}

// parseMHz is the mean of the lines "cpu MHz : 2596.152" of a /proc/cpuinfo,
// which may be cut off: a last line without its end does not count. Only x86 has
// such lines.
func parseMHz(text []byte) (mean float64, known bool) {
	sum, n := 0.0, 0
	for line := range bytes.Lines(text) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		if string(bytes.TrimSpace(key)) != "cpu MHz" || !bytes.HasSuffix(line, []byte("\n")) {
			continue
		}
		if f, ok := parsePositive(bytes.TrimSpace(value)); ok && f > 0 {
			sum += f
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return sum / float64(n), true
}
