package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

func (w *world) testEmpty(t *testing.T) {
	p := w.tab(t)
	p.open()
	p.accessible("the token is asked for")
	p.fill("token", w.stack.Token+kb.Enter)
	p.shows("No videos yet.")
	p.hides("can't be reached")
	p.shows("With the settings in the form, each costs " + price(t, 5) + ".")
	p.shows("Simulator: nothing here is real")
	p.shows("its videos are not of your prompts, and nothing is paid.")
	p.shows("Drop them anywhere on this page")
	p.accessible("no videos")
	p.shot("empty")
	if n := eval[int](p, "document.querySelectorAll('#examples button').length"); n != 3 {
		t.Errorf("there are %d examples", n)
	}
	p.press("#examples", "Macro shot")
	p.await("the example in the form", "document.getElementById('field-prompt').value.startsWith('Macro shot: a drop of ink')")
}

func (w *world) testWrongToken(t *testing.T) {
	p := w.tab(t)
	p.open()
	p.press("#signin", "Sign in")
	p.shows("Enter the token first.")
	p.fill("token", "wrong")
	p.press("#signin", "Sign in")
	p.shows("That token isn't valid.")
	p.accessible("a wrong token")
	p.shot("wrong token")
	if kept := eval[int](p, "sessionStorage.length + localStorage.length"); kept != 0 {
		t.Errorf("%d values of a rejected token are stored", kept)
	}
	p.fill("token", w.stack.Token)
	p.press("#signin", "Sign in")
	p.shows("No videos yet.")
	if kept := eval[string](p, "sessionStorage.getItem('takeup.token')"); kept != w.stack.Token {
		t.Error("the accepted token is not stored")
	}
	if kept := eval[int](p, "localStorage.length + document.cookie.length"); kept != 0 {
		t.Error("something is stored beyond the session")
	}
}

// price returns the price that the form shows for a video of the default model.
func price(t *testing.T, seconds float64) string {
	t.Helper()
	model, _ := models.Find(catalogue.Default(models.Catalogue{}))
	usd, err := model.Price.USD[0].USD.Float64() // per second
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("$%.2f", usd*seconds)
}

const boat = attended + " crosses a flooded street"

func (w *world) testVideo(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.shows(price(t, 5))
	p.order(boat)
	p.cardShows(boat, "Generating")
	p.await("a bar", card(boat)+".querySelector('progress')")
	p.accessible("a video under way")
	p.shot("under way")
	w.complete(t, boat)

	player := card(boat) + "?.querySelector('video')"
	p.await("the poster", card(boat)+"?.querySelector('img')?.naturalWidth > 0")
	p.shows("Done: " + boat)
	if src := eval[string](p, player+".src"); src != "" {
		t.Errorf("before it is played, the video is loaded from %s", src)
	}
	p.accessible("a poster")
	p.click(card(boat) + "?.querySelector('.play')")
	p.await("the video to play", player+".currentTime > 0.5")
	if seconds := eval[float64](p, player+".duration"); seconds < 4.5 || seconds > 5.5 {
		t.Errorf("the video has %g s", seconds)
	}
	p.cardShows(boat, "$0.98")
	p.accessible("a video")

	// The video's URL expires after some minutes. The page then asks for a new one.
	p.do(chromedp.Evaluate[chromedp.Void]("{ const v = " + player + "; v.src = v.src.replace('Signature=', 'Signature=x'); }"))
	p.await("a new address", player+".readyState >= 2 && !"+player+".src.includes('Signature=x')")

	w.boughtOnce(t, boat)
	if keys := w.front.keys(0); len(keys) != 1 || len(keys[0]) != 36 {
		t.Errorf("it was sent with the keys %q", keys)
	}

	if got, want := p.download("20*-"+strings.ReplaceAll(boat, " ", "-")+".mp4", func() { p.pressCard(boat, "Download") }), w.served(t, boat); !bytes.Equal(got, want) {
		t.Errorf("the download has %d bytes, and the provider's file %d", len(got), len(want))
	}

	p.pressCard(boat, "Again")
	p.await("the prompt in the form", "document.getElementById('field-prompt').value === "+js(boat))
}

// download presses something and returns the file that the browser then saves under a name of
// that pattern.
func (p *tab) download(pattern string, press func()) []byte {
	p.Helper()
	dir := p.TempDir()
	_, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir,
		BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
	if err != nil {
		p.Fatal(err)
	}
	press()
	var found []string
	p.until("the download", func(context.Context) bool {
		if found, _ = filepath.Glob(filepath.Join(dir, pattern)); len(found) != 1 {
			return false
		}
		// Chromium reserves the name with an empty file, and then moves the complete file there.
		info, err := os.Stat(found[0])
		return err == nil && info.Size() > 0
	})
	content, err := os.ReadFile(found[0])
	if err != nil {
		p.Fatal(err)
	}
	return content
}

// served returns the provider's file for a prompt.
func (w *world) served(t *testing.T, prompt string) []byte {
	t.Helper()
	bought := w.bought(prompt)
	if len(bought) == 0 {
		t.Fatalf("the provider accepted no %q", prompt)
	}
	file, err := w.provider.Video(bought[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(file.Open()); err != nil {
		t.Fatal(err)
	}
	return content.Bytes()
}

func (w *world) testCurl(t *testing.T) {
	p := w.tab(t)
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(p.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
			BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p.signIn()
	prompt := `it's "a boat" for $5 \ & more`
	p.order(prompt)
	p.await("the video", card(prompt)+"?.querySelector('video')")
	p.view(prompt)
	p.press("#view", "Copy as curl")
	p.shows("Copied.")
	command := eval[string](p, "navigator.clipboard.readText()")
	if strings.Contains(command, w.stack.Token) {
		t.Error("the token is in it")
	}
	// The link plays for somebody who has no token.
	p.press("#view", "Copy link without a token")
	p.shows("It plays for everybody who has it, until")
	link := eval[string](p, "navigator.clipboard.readText()")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "video/mp4" {
		t.Errorf("%s: %s, %s", link, response.Status, response.Header.Get("Content-Type"))
	}
	// The command as a shell parses it, with a function in place of curl.
	shell := exec.CommandContext(t.Context(), "bash", "-c", `curl() { printf '%s\n' "$@"; }`+"\n"+command)
	shell.Env = []string{"TAKEUP_TOKEN=token-of-the-shell"}
	said, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	arguments := strings.Split(strings.TrimSpace(string(said)), "\n")
	var body struct {
		Prompt string `json:"prompt"`
	}
	if err := json.Unmarshal([]byte(arguments[len(arguments)-1]), &body); err != nil || body.Prompt != prompt {
		t.Errorf("%v: it sends %q", err, arguments[len(arguments)-1])
	}
	for _, want := range []string{w.page + "v2/video/generations", "Authorization: Bearer token-of-the-shell", "Content-Type: application/json"} {
		if !slices.Contains(arguments, want) {
			t.Errorf("%q is not among %q", want, arguments)
		}
	}
}

func (w *world) testFailure(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	prompt := refused + " robs a bank"
	p.order(prompt)
	p.cardShows(prompt, "The provider made no video")
	p.cardShows(prompt, "The prompt shows a person who is known")
	p.cardShows(prompt, "What to do:")
	p.cardShows(prompt, "nothing was paid")
	if eval[bool](p, card(prompt)+".innerText.includes('Redrive')") {
		t.Error("a redrive is offered, although it can't help")
	}
	p.accessible("a failure")
	p.shot("failure")
}

func (w *world) testRedrive(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	w.settings(t, func(s *script.Settings) { s.BalanceUSD = new(float64) })
	prompt := "a snail crosses a motorway"
	p.order(prompt)
	p.cardShows(prompt, "The account is out of credits")
	balance := 1000.0
	w.settings(t, func(s *script.Settings) { s.BalanceUSD = &balance })
	p.pressCard(prompt, "Redrive")
	p.await("the video", card(prompt)+"?.querySelector('video')")
	w.boughtOnce(t, prompt)
}

func (w *world) testCancel(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	w.fails(t, script.Rule{On: script.KindCreate, Fault: script.Fault{Status: http.StatusTooManyRequests}})
	prompt := "a train that never leaves"
	p.order(prompt)
	p.cardShows(prompt, "Waiting for room")
	// While it is being submitted again, nobody knows whether it is paid for.
	ask := func() {
		for {
			p.pressCard(prompt, "Cancel")
			p.await("the question", "document.getElementById('ask').open")
			if eval[bool](p, "document.getElementById('ask').innerText.includes('nothing was paid for it, and nothing will be')") {
				return
			}
			p.keep()
		}
	}
	ask()
	p.accessible("a question")
	p.shot("cancel")
	p.keep()
	ask()
	p.press("#ask", "Cancel the video")
	p.cardShows(prompt, "Cancelled")
	p.cardShows(prompt, "nothing was paid")
	if got := w.bought(prompt); len(got) != 0 {
		t.Errorf("the provider accepted it %d times", len(got))
	}
	p.accessible("a cancelled video")
}

func (w *world) testDiscard(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	prompt := "an " + unending + " staircase turns in the mist"
	p.order(prompt)
	p.cardShows(prompt, "Generating")
	p.happened(prompt, "Accepted as generation")
	p.shot("waiting for a generation")
	w.told(t, prompt, "The provider is generating the video. It is paid.")
	p.pressCard(prompt, "Cancel")
	p.shows("charges for it in any case")
	p.press("#ask", "Discard the video")
	p.cardShows(prompt, "discarded")
	w.boughtOnce(t, prompt)
}

func (w *world) testDoubleClick(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	prompt := "a kite over the sea"
	p.fill("field-prompt", prompt)
	x, y := p.place(css("#generate"))
	p.do(chromedp.MouseClickXY(x, y), chromedp.MouseClickXY(x, y, chromedp.ClickCount(2)), chromedp.MouseClickXY(x, y))
	p.await("the video", card(prompt)+"?.querySelector('video')")
	w.boughtOnce(t, prompt)
	if n := eval[int](p, "[...document.querySelectorAll('.prompt')].filter((e) => e.textContent === "+js(prompt)+").length"); n != 1 {
		t.Errorf("there are %d cards of it", n)
	}
}

func (w *world) testLostAnswer(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	before := w.front.count()
	stop := w.front.disturbing(t, func(r *http.Request) disturbance {
		if r.Method == http.MethodPost {
			return lose
		}
		return pass
	})
	prompt := "a lantern drifts down a river"
	p.order(prompt)
	p.cardShows(prompt, "Not answered yet")
	p.cardShows(prompt, "paid once")
	p.accessible("a request that isn't answered")
	p.shot("not answered")
	// A reload sends it again with the same key.
	p.do(chromedp.Reload())
	p.await("a pause that is long enough to press the button", `/again in 1\d s/.test(`+card(prompt)+`?.innerText)`)
	stop()
	p.pressCard(prompt, "Try now")
	p.await("the video", card(prompt)+"?.querySelector('video')")
	w.boughtOnce(t, prompt)
	keys := w.front.keys(before)
	if len(keys) < 3 || strings.Count(strings.Join(keys, " "), keys[0]) != len(keys) {
		t.Errorf("it was sent with the keys %q", keys)
	}
}
