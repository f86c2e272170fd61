package sharing

import (
	"encoding/json"
	"fmt"
	"os"
)

// pathOf is where an open file can be opened once more (proc_pid_fd(5)), with
// flags, a position and a flock of its own, although it has no name.
func pathOf(fd uintptr) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// firstFD is the first of the files that a part is given.
const firstFD = 3

// A stock is what lies in a JSON file.
type stock struct {
	Count int `json:"count"`
}

// readStock opens, reads and parses a file as json.load does: whatever follows
// the first value is an error. broken says that the file was read but holds no
// JSON, because someone has just truncated it or two wrote at the same time.
func readStock(path string) (n int, broken bool, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false, fmt.Errorf("reading a shared file: %w", err)
	}
	var s stock
	if json.Unmarshal(text, &s) != nil {
		return 0, true, nil
	}
	return s.Count, false, nil
}

// writeStock truncates a file and then writes it anew, as open(path, "w") and
// json.dump do.
func writeStock(path string, n int) error {
	text, err := json.Marshal(stock{n})
	if err != nil {
		return fmt.Errorf("writing a shared file: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("writing a shared file: %w", err)
	}
	return nil
}
