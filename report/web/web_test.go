package web_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parcon/report/web"
)

const picture = "<?xml version=\"1.0\"?>\n<!-- by hand -->\n<svg width=\"10pt\" height=\"5pt\" viewBox=\"0 0 10 5\"\n\txmlns=\"http://www.w3.org/2000/svg\" role=\"img\">\n<title>Two is more than one</title>\n<g><path d=\"M0,0\" /></g>\n</svg>\n"

const text = `# Which wins, on 2 cores

**Two workers do more.**

![Two is more than one](charts/two.png)

<a id="findings"></a>

## Findings

### Two do more

| model | speed-up |
|---|---|
| one | 1.00x |
| a < b & c | 2.00x |

<a id="doubts"></a>

## Doubts

- none
`

func Example() {
	page, err := web.Page(text, map[string][]byte{"charts/two.png": []byte(picture)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(regexp.MustCompile(`<svg [^>]*>`).FindString(string(page)))
	// Output:
	// <svg class="chart" role="img" aria-label="Two is more than one" viewBox="0 0 10 5" xmlns="http://www.w3.org/2000/svg">
}

func page(t *testing.T, markdown string) string {
	t.Helper()
	made, err := web.Page(markdown, map[string][]byte{"charts/two.png": []byte(picture)})
	if err != nil {
		t.Fatal(err)
	}
	return string(made)
}

func TestAPageNeedsNothingBesideIt(t *testing.T) {
	made := page(t, text)
	for _, address := range regexp.MustCompile(`(?:src|href|url)\s*[=(]\s*"?([^"\s)>]+)`).FindAllStringSubmatch(made, -1) {
		if !strings.HasPrefix(address[1], "#") {
			t.Errorf("the page asks for %s", address[1])
		}
	}
	for _, want := range []string{
		`<html lang="en">`, `<title>Which wins, on 2 cores</title>`, `<li><a href="#findings">Findings</a></li>`, `<a id="doubts"></a>`,
		`<div class="scroll" tabindex="0"><table>`, `<th scope="col">model</th>`, "<td>a &lt; b &amp; c</td>", "<h3>Two do more</h3>",
	} {
		if !strings.Contains(made, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(made, "<?xml") || strings.Contains(made, "<img") {
		t.Error("a picture is not part of the page")
	}
}

func TestAPictureThatIsMissingIsNoPage(t *testing.T) {
	for text, pictures := range map[string]map[string][]byte{
		"there is no such picture": nil,
		"is no SVG":                {"charts/two.png": []byte("GIF89a")},
	} {
		if _, err := web.Page("# A\n\n![x](charts/two.png)\n", pictures); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: the error is %v", text, err)
		}
	}
}

// Whatever stands in a cell, an attribute or a title, the page is well formed.
func TestAPageIsWellFormed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.StringMatching(`[a-z<>&"' |*_()\[\]-]{0,20}`)
		escaped := func() string {
			return regexp.MustCompile(`[<>&\[\]]`).ReplaceAllString(word.Draw(r, "word"), `\$0`)
		}
		markdown := fmt.Sprintf("# A%s\n\n![%s](charts/two.png)\n\n| a | b |\n|---|---|\n| %s | x |\n", escaped(), escaped(), strings.ReplaceAll(escaped(), "|", "\\|"))
		made, err := web.Page(markdown, map[string][]byte{"charts/two.png": []byte(picture)})
		if err != nil {
			r.Fatal(err)
		}
		_, body, _ := strings.Cut(string(made), "<main")
		body, _, _ = strings.Cut("<main"+body, "<script>")
		d := xml.NewDecoder(strings.NewReader(body))
		d.Entity = xml.HTMLEntity
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				r.Fatalf("%v in %s", err, body)
			}
		}
	})
}
