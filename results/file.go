package results

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/perf/benchfmt"
)

// A File is a result file that grows by one line for each trial. It is in the
// Go benchmark format: a Setup as configuration lines, then result lines whose
// name is the experiment and the variant. A trial that failed is a line with
// the unit "failed", whose name ends in "/failed=" and the reason.
type File struct {
	f      *os.File
	config []benchfmt.Config
	text   bytes.Buffer
	w      *benchfmt.Writer
	tasks  func(Slot) int
}

// Create starts a new result file; it never overwrites one.
func Create(path string, setup Setup, tasks func(Slot) int) (*File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if os.IsExist(err) {
		return nil, fmt.Errorf("creating %s: it is there already: go on with it by --resume, or name another folder with --out", path)
	}
	if err != nil {
		return nil, fmt.Errorf("creating the result file: %w: name a folder that can be written with --out", err)
	}
	return newFile(f, setup, tasks), nil
}

// Append opens a result file to add to it in a further sitting. A last line that was cut off is
// taken away first.
func Append(path string, setup Setup, tasks func(Slot) int) (*File, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the result file: %w", err)
	}
	if err := cutTail(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("mending the last line of %s: %w", path, err)
	}
	file := newFile(f, setup, tasks)
	return file, nil
}

func newFile(f *os.File, setup Setup, tasks func(Slot) int) *File {
	file := &File{f: f, tasks: tasks}
	for _, e := range setup {
		file.config = append(file.config, benchfmt.Config{Key: e.Key, Value: []byte(oneLine(e.Value)), File: true})
	}
	file.w = benchfmt.NewWriter(&file.text)
	return file
}

// oneLine makes one line of a text. Control characters are none of it: they would
// break the line, or move the cursor of whoever looks at it.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }), " ")
}

// placing are the units in which a File says where a trial belongs.
var placing = []string{"round", "position", "sitting", "failed"}

// Sound says why the values of a trial are no measurement, nil if they are one. What
// is not sound could not be read back.
func Sound(values map[string]float64) error {
	for _, unit := range units(values) {
		v := values[unit]
		switch {
		case unit == "" || !utf8.ValidString(unit) || len(unit) > longestUnit || strings.ContainsFunc(unit, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }):
			return fmt.Errorf("%q is no unit", unit[:min(len(unit), longestUnit)])
		case slices.Contains(placing, unit):
			return fmt.Errorf("%q is no unit that a trial measures in", unit)
		case math.IsNaN(v) || math.IsInf(v, 0) || v < 0 && counts(unit):
			return fmt.Errorf("%v is no value of %s", v, unit)
		}
	}
	return nil
}

const longestUnit = 100 // bytes

// cutTail takes away what follows the last line end and leaves the file open
// at its end.
func cutTail(f *os.File) error {
	end, err := lastLineEnd(f)
	if err != nil {
		return err
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	_, err = f.Seek(end, io.SeekStart)
	return err
}

// lastLineEnd is the length of a file up to its last line end, that included.
func lastLineEnd(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 4096)
	for end > 0 {
		start := max(0, end-int64(len(buf)))
		n, err := f.ReadAt(buf[:end-start], start)
		if err != nil && err != io.EOF {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}

// Keep appends a result. It reaches the file before Keep returns, in one write,
// so that a run that is killed leaves whole lines. Values that are not Sound are
// an error, and nothing is written.
func (f *File) Keep(r Result) error {
	if err := Sound(r.Values); err != nil {
		return fmt.Errorf("keeping the result of %s/%s: %w", r.Experiment, r.Variant, err)
	}
	name, iters := r.Experiment+"/"+r.Variant, max(1, f.tasks(r.Slot))
	values := map[string]float64{"round": float64(r.Round), "position": float64(r.Position), "sitting": float64(r.Sitting)}
	if r.Of > 0 {
		values["in-round"] = float64(r.Of)
	}
	if r.Failed != "" {
		name, iters = name+"/failed="+slug(r.Failed), 1
		values["failed"] = 1
	}
	for unit, v := range r.Values {
		values[unit] = v
	}
	return f.add(name, iters, values)
}

// add appends a line.
func (f *File) add(name string, iters int, values map[string]float64) error {
	line := &benchfmt.Result{Config: f.config, Name: benchfmt.Name(name), Iters: iters}
	for _, unit := range units(values) {
		line.Values = append(line.Values, benchfmt.Value{Value: values[unit], Unit: unit})
	}
	f.text.Reset()
	if err := f.w.Write(line); err != nil {
		return fmt.Errorf("formatting a result line: %w", err)
	}
	n, err := f.f.Write(f.text.Bytes())
	if err == nil {
		return f.there()
	}
	if end, seek := f.f.Seek(0, io.SeekCurrent); seek != nil || f.f.Truncate(end-int64(n)) != nil {
		return fmt.Errorf("appending to the result file: %w: make room and go on with --resume, which takes away the line that was cut off", err)
	}
	return fmt.Errorf("appending to the result file: %w: what it holds is whole; make room and go on with --resume", err)
}

// there says whether the file still has its name: of one that was deleted or replaced
// nothing is kept.
func (f *File) there() error {
	own, err := f.f.Stat()
	if err != nil {
		return fmt.Errorf("looking at the result file: %w", err)
	}
	if now, err := os.Stat(f.f.Name()); err != nil || !os.SameFile(own, now) {
		return fmt.Errorf("appending to the result file: %s was deleted or replaced while it was written, and what it held is lost: start a new run", f.f.Name())
	}
	return nil
}

// Look appends what was seen of the machine between two trials, by unit: a result line
// like the others, so that whoever reads the file sees it, and no trial.
func (f *File) Look(seen map[string]float64) error {
	if err := Sound(seen); err != nil {
		return fmt.Errorf("keeping a look at the machine: %w", err)
	}
	return f.add(lookName, 1, seen)
}

// lookName is that of a look's line, without "Benchmark".
const lookName = "Machine/look=between-trials"

// units sorts a line's units: ns/op first, as everyone expects, then by name.
func units(values map[string]float64) []string {
	all := make([]string, 0, len(values))
	for unit := range values {
		all = append(all, unit)
	}
	slices.SortFunc(all, func(a, b string) int {
		if (a == "ns/op") != (b == "ns/op") {
			if a == "ns/op" {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return all
}

// Close closes the file.
func (f *File) Close() error {
	if err := f.f.Close(); err != nil {
		return fmt.Errorf("closing the result file: %w", err)
	}
	return nil
}

// slug makes a reason fit into a benchmark name: no space, no slash, at most
// 200 bytes.
func slug(reason string) string {
	s := strings.NewReplacer("/", "|", "=", ":").Replace(oneLine(reason))
	s = strings.ReplaceAll(s, " ", "_")
	return strings.ToValidUTF8(s[:min(len(s), 200)], "")
}
