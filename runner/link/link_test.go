package link_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parcon/runner/link"
)

func TestAKeyIsReadFromAFileOrTheEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("  sixteen-letters!\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := link.ReadKey(file); got != "sixteen-letters!" || err != nil {
		t.Errorf("of the file: %q, %v", got, err)
	}
	t.Setenv(link.Variable, " another-key-of-some-length ")
	if got, err := link.ReadKey(""); got != "another-key-of-some-length" || err != nil {
		t.Errorf("of the environment: %q, %v", got, err)
	}
	t.Setenv(link.Variable, "")
	if _, err := link.ReadKey(""); err == nil || !strings.Contains(err.Error(), "--key-file") {
		t.Errorf("of neither: %v", err)
	}
	if _, err := link.ReadKey(file + "-not"); err == nil {
		t.Error("a file that is not there is read")
	}
}

// What is wrong with a key is told without the key: the line may end in a log.
func TestABadKeyIsRefusedAndNotShown(t *testing.T) {
	for key, want := range map[string]string{
		"":                             "0 characters",
		"short":                        "5 characters",
		"two words of some length":     "one word",
		"line-one-of-two\nline-two":    "one word",
		"SU" + strings.Repeat("A", 56): "seed of an nkey",
		"SUAKYRHVIOREXV7EUZTBHUHL7NUMHPMAS7QMDU3GTIUWEI5LDNOXD43IZX": "seed of an nkey",
	} {
		err := link.CheckKey(key)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("of %q it says %v, want %q", key, err, want)
		}
		if err != nil && len(key) > 0 && strings.Contains(err.Error(), key) {
			t.Errorf("the key is shown: %v", err)
		}
	}
}

func TestOnlyTheSameVersionWorksTogether(t *testing.T) {
	if err := link.CheckVersion("the master", link.Version()); err != nil {
		t.Error(err)
	}
	err := link.CheckVersion("the master", "format 0\xff")
	if err == nil || !strings.Contains(err.Error(), "the master is parcon of format 0?") {
		t.Errorf("another version: %v", err)
	}
}

func TestABadCertificateFileIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, ca := range []string{file, file + "-not"} {
		_, err := link.Access{URL: "tls://127.0.0.1:1", Key: "sixteen-letters!", CA: ca}.Dial("test")
		if err == nil || !strings.Contains(err.Error(), ca) {
			t.Errorf("%s: %v", ca, err)
		}
	}
}

func Example() {
	a := link.Access{URL: "nats://127.0.0.1:1", Key: "a-key-of-some-length"}
	_, err := a.Dial("nobody is there")
	fmt.Println(err)
	// Output: connecting to nats://127.0.0.1:1: no server answers there: is it running, and is the port open?
}
