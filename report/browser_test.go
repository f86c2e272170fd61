package report

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser starts a real one, and is done with the test where there is none.
func browser(t *testing.T) context.Context {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium on the PATH")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 6*time.Minute) // one that hangs says so
	t.Cleanup(cancel)
	return ctx
}

// heard notes what a page complains of, and what it asks for.
type heard struct {
	mu               sync.Mutex
	complaints, asks []string
}

func (h *heard) listen(ctx context.Context) {
	chromedp.ListenTarget(ctx, func(event any) {
		h.mu.Lock()
		defer h.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			h.complaints = append(h.complaints, e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			h.complaints = append(h.complaints, "console: "+string(e.Type))
		case *log.EventEntryAdded:
			h.complaints = append(h.complaints, e.Entry.Text)
		case *network.EventRequestWillBeSent:
			h.asks = append(h.asks, e.Request.URL)
		}
	})
}

// wrongOnAPage is what a reader would stumble over: what is wider than the screen, links that lead
// nowhere, names that stand twice, headings that skip a level, pictures without words.
const wrongOnAPage = `(() => {
	const wrong = [];
	if (document.documentElement.scrollWidth > innerWidth) wrong.push("it is " + document.documentElement.scrollWidth + " wide on a screen of " + innerWidth);
	const seen = new Set();
	document.querySelectorAll("[id]").forEach(e => { if (seen.has(e.id)) wrong.push("twice: " + e.id); seen.add(e.id) });
	document.querySelectorAll("a[href^='#']").forEach(a => { if (!seen.has(decodeURIComponent(a.hash.slice(1)))) wrong.push("leads nowhere: " + a.hash) });
	let level = 0;
	document.querySelectorAll("h1,h2,h3,h4").forEach(h => { const l = +h.tagName[1]; if (l > level + 1) wrong.push("skips a level: " + h.textContent); level = l });
	document.querySelectorAll("svg.chart").forEach(s => { if (!s.getAttribute("aria-label") || s.getBoundingClientRect().height < 50) wrong.push("no picture: " + s.getAttribute("aria-label")) });
	return wrong;
})()`

// looksRight looks at a page on a small screen and on a large one.
func looksRight(t *testing.T, ctx context.Context, address string) {
	t.Helper()
	for _, width := range []int64{360, 1280} {
		var wrong []string
		if err := chromedp.Run(ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate(address), chromedp.Evaluate(wrongOnAPage, &wrong)); err != nil {
			t.Fatal(err)
		}
		if len(wrong) > 0 {
			t.Errorf("on a screen %d wide: %s", width, strings.Join(wrong[:min(5, len(wrong))], "; "))
		}
	}
}

// So is one on several machines.
func TestSeveralMachinesInABrowser(t *testing.T) {
	ctx := browser(t)
	dir := t.TempDir()
	all := threeMachines(t)
	if _, err := (Made{Answer: all.answer, Verdicts: all.rows()}).write(dir, all.figures, all.markdown()); err != nil {
		t.Fatal(err)
	}
	looksRight(t, ctx, (&url.URL{Scheme: "file", Path: filepath.Join(dir, "report.html")}).String())
	var links int
	if err := chromedp.Run(ctx, chromedp.Evaluate(`document.querySelectorAll("nav a").length`, &links)); err != nil || links < 5 {
		t.Errorf("the contents have %d links: %v", links, err)
	}
}

// pressed are the verdicts that are left when the button of one is pressed.
const pressed = `(() => {
	const button = Array.from(document.querySelectorAll(".filter button")).find(b => b.textContent.startsWith("refuted"));
	button.click();
	return Array.from(document.querySelectorAll("table")).find(t => t.textContent.includes("textbooks say")).querySelectorAll("tbody tr:not([hidden])").length;
})()`

// A report is what it should be in a real browser, on screens of all sizes. Where PARCON_AXE names the file
// of axe-core, that finds nothing to complain of either.
func TestAReportInABrowser(t *testing.T) {
	ctx := browser(t)
	table := read(t, "task-mix: 5ms\n"+everything(14, oneCore))
	table.Lanes = traced(4, 16)
	dir := t.TempDir()
	if _, err := Write(table, dir); err != nil {
		t.Fatal(err)
	}
	address := (&url.URL{Scheme: "file", Path: filepath.Join(dir, "report.html")}).String()
	var h heard
	h.listen(ctx)
	looksRight(t, ctx, address)
	refuted, left := 0, 0
	for _, j := range newPage(table).judged {
		if j.Verdict == Refuted {
			refuted++
		}
	}
	if err := chromedp.Run(ctx, chromedp.Evaluate(pressed, &left)); err != nil {
		t.Fatal(err)
	}
	if left != refuted || refuted == 0 {
		t.Errorf("the button shows %d refuted claims, of %d", left, refuted)
	}
	for _, found := range axe(t, ctx) {
		t.Errorf("axe: %s", found)
	}
	if len(h.complaints) > 0 {
		t.Errorf("the page complains: %s", strings.Join(h.complaints, "; "))
	}
	for _, ask := range h.asks {
		if ask != address {
			t.Errorf("the page asks for %s", ask)
		}
	}
}

// axe are the violations that axe-core finds in light and in dark.
func axe(t *testing.T, ctx context.Context) (all []string) {
	path := os.Getenv("PARCON_AXE")
	if path == "" {
		return nil
	}
	library, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []string{"light", "dark"} {
		var found []string
		if err := chromedp.Run(ctx,
			chromedp.ActionFunc(func(ctx context.Context) error { return colours(scheme).Do(ctx) }),
			chromedp.Evaluate(string(library)+"; undefined", nil),
			chromedp.Evaluate(`axe.run().then(r => r.violations.map(v => v.id + ": " + v.nodes.length + " such as " + v.nodes[0].html.slice(0, 120)))`, &found, awaiting),
		); err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			all = append(all, scheme+": "+f)
		}
	}
	return all
}

// colours asks for light or dark pages.
func colours(scheme string) *emulation.SetEmulatedMediaParams {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}})
}

// awaiting takes what a promise comes to.
func awaiting(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
