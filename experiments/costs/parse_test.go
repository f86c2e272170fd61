package costs

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFieldFindsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Int64Range(0, maxField).Draw(t, "value")
		space := rapid.StringMatching(`[ \t]{0,3}`).Draw(t, "space")
		unit := rapid.SampledFrom([]string{"", " kB"}).Draw(t, "unit")
		want := value
		if unit != "" {
			want *= 1024
		}
		text := fmt.Sprintf("PssFile: 1 kB\nno line of it\nPss:%s%d%s\nRss: 7 kB\n", space, value, unit)
		if got, err := field([]byte(text), "Pss"); err != nil || got != want {
			t.Fatalf("%q was read as %d, %v, want %d", text, got, err, want)
		}
	})
}

// Whatever a file of /proc holds, the value is not negative or it is an error
// of one line.
func FuzzField(f *testing.F) {
	for _, text := range []string{"Pss: 12 kB\n", "Pss:\n", "Pss: 1 2 3\n", "Pss: -4 kB\n", "Pss: 5 MB", "Pss: 9223372036854775807 kB\n", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := field([]byte(text), "Pss")
		if n < 0 || err != nil && (n != 0 || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q was read as %d, %v", text, n, err)
		}
		if err == nil && !strings.Contains(text, "Pss:") {
			t.Errorf("%q was read as %d", text, n)
		}
	})
}

// What crowds print is read again, or refused if numbers are missing or double.
func TestParseInts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOf(rapid.IntRange(-5, 5)).Draw(t, "numbers")
		n := rapid.IntRange(0, 6).Draw(t, "n")
		different := map[int]bool{}
		for _, number := range numbers {
			different[number] = true
		}
		text := strings.Trim(fmt.Sprint(numbers), "[]") + "\n"
		got, err := parseInts(text, n)
		if right := len(numbers) == n && len(different) == n; right != (err == nil) {
			t.Fatalf("%q as %d numbers: %v, %v", text, n, got, err)
		}
		if err == nil && fmt.Sprint(got) != fmt.Sprint(numbers) {
			t.Fatalf("%v was read as %v", numbers, got)
		}
	})
}

func FuzzParseInts(f *testing.F) {
	f.Add("1 2 3", 3)
	f.Add("1 1", 2)
	f.Add("one", 1)
	f.Fuzz(func(t *testing.T, text string, n int) {
		got, err := parseInts(text, n)
		if err == nil && len(got) != n {
			t.Errorf("%q as %d numbers: %v", text, n, got)
		}
	})
}

// A tally is kept only if nobody is inside, every task ran once, and not too
// many were inside.
func TestTallyKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tasks := rapid.IntRange(1, 5).Draw(t, "tasks")
		workers := rapid.IntRange(1, 5).Draw(t, "workers")
		most := rapid.IntRange(1, 6).Draw(t, "most")
		words := make(tally, tallyTasks+tasks)
		words[tallyMost].Store(uint32(most))
		for i := range tasks {
			words[tallyTasks+i].Store(1)
		}
		if got, want := words.kept(workers), most <= workers; got != want {
			t.Fatalf("%d inside of %d: kept %v", most, workers, got)
		}
		broken := rapid.IntRange(0, tasks).Draw(t, "broken")
		if broken == tasks {
			words[tallyInside].Store(1)
		} else {
			words[tallyTasks+broken].Store(rapid.SampledFrom([]uint32{0, 2}).Draw(t, "ran"))
		}
		if words.kept(workers) {
			t.Fatalf("kept although word %d is wrong", broken)
		}
	})
}

// Tasks beside each other are counted as such, and a task that is not one of
// them is refused.
func TestTallyRun(t *testing.T) {
	const tasks = 4
	words := make(tally, tallyTasks+tasks)
	words[tallyInside].Store(2) // two others are inside
	for task := range tasks {
		if err := words.run(task); err != nil {
			t.Error(err)
		}
	}
	if words[tallyMost].Load() != 3 || words[tallyInside].Load() != 2 {
		t.Errorf("most %d, inside %d, want 3 and 2", words[tallyMost].Load(), words[tallyInside].Load())
	}
	for _, task := range []int{-1, tasks} {
		if err := words.run(task); err == nil {
			t.Errorf("task %d ran", task)
		}
	}
	words.reset()
	for i := range words {
		if words[i].Load() != 0 {
			t.Errorf("word %d is %d after a reset", i, words[i].Load())
		}
	}
}
