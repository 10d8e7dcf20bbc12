package browser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// draft returns the request in the form.
func (p *tab) draft() map[string]any {
	p.Helper()
	var draft map[string]any
	if err := json.Unmarshal([]byte(eval[string](p, "sessionStorage.getItem('takeup.draft')")), &draft); err != nil {
		p.Fatal(err)
	}
	return draft
}

// has waits until the form has a prompt.
func (p *tab) has(prompt string) {
	p.Helper()
	p.await("the prompt in the form", "document.getElementById('field-prompt').value === "+js(prompt))
}

// testDraft replaces a draft in every way, and gets it back.
func (w *world) testDraft(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	const draft, take = "a draft that nobody may lose", "a take that is made again"
	p.order(take)
	p.await("the video", card(take)+"?.querySelector('video')")
	p.fill("field-prompt", draft)
	p.click(css("label[for='field-duration-10']"))
	p.click(css("label[for='field-aspect_ratio-9x16']"))

	// A text takes the settings of the form.
	p.drop(prompts(t, "boat.txt", "a boat of a text"))
	p.has("a boat of a text")
	p.shows("boat.txt is in the form. Your draft is under Templates and drafts.")
	if got := p.draft(); got["duration"] != 10.0 || got["aspect_ratio"] != "9:16" {
		t.Errorf("the text has the settings %v", got)
	}
	p.accessible("a draft that was replaced")
	p.shot("draft replaced")
	p.press("#composer-note", "Undo")
	p.has(draft)

	// So does another request, which has its own settings, and a reload keeps the draft.
	p.pressCard(take, "Again")
	p.has(take)
	p.shows("Your draft is under Templates and drafts.")
	if got := p.draft(); got["duration"] != 5.0 || got["aspect_ratio"] != "16:9" {
		t.Errorf("the request has the settings %v", got)
	}
	p.do(chromedp.Reload())
	p.has(take)
	p.click(css("#drafts summary"))
	p.shows("Draft: kling-video/v1/pro, 10 s, 9:16")
	p.accessible("a draft on the shelf")
	p.shot("shelf")
	p.press("#drafts", draft)
	p.has(draft)
	if got := p.draft(); got["duration"] != 10.0 || got["aspect_ratio"] != "9:16" {
		t.Errorf("the draft has the settings %v", got)
	}

	// Another model keeps what it has no field for.
	p.click(css("#more summary"))
	p.fill("field-negative_prompt", "no people")
	p.choose("field-model", "openai/sora-2-pro-t2v")
	p.await("the other form", "!document.getElementById('field-negative_prompt')")
	p.choose("field-model", "kling-video/v1/pro/text-to-video")
	p.await("the text of the first form", "document.getElementById('field-negative_prompt')?.value === 'no people'")
	p.fill("field-negative_prompt", " ")

	// What was sent is no draft any longer.
	p.order(draft)
	p.await("the shelf without it", "!document.getElementById('kept').textContent.includes("+js(draft)+")")
}

func (w *world) testTemplates(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	const template = "a template of a harbour"
	p.fill("field-prompt", template)
	p.click(css("#drafts summary"))
	p.press("#drafts", "Keep what is in the form as a template")
	p.shows("Template: kling-video/v1/pro, 5 s, 16:9")

	// It outlives the token.
	p.click(css("#forget"))
	p.signIn()
	p.click(css("#drafts summary"))
	p.press("#drafts", template)
	p.has(template)
	p.click("document.querySelector('#kept [aria-label]')")
	p.await("no template", "!document.querySelector('#kept li')")
	if kept := eval[string](p, "localStorage.getItem('takeup.templates')"); kept != "[]" {
		t.Errorf("the browser keeps %s", kept)
	}
	if focus := eval[string](p, "document.activeElement.tagName"); focus != "SUMMARY" {
		t.Errorf("the focus is on %s", focus)
	}
}

// testLines makes batches of the lines of a text, of those of the form and of a JSON list.
func (w *world) testLines(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.click(css("label[for='field-duration-10']"))
	lines := []string{"one line of three", "", "two lines of three", "three lines of three"}
	p.drop(prompts(t, "three lines.txt", lines...))
	p.shows("One prompt, or 3?")
	if focus := eval[string](p, "document.activeElement.innerText"); focus != "Neither" {
		t.Errorf("the focus is on %q", focus)
	}
	p.accessible("a text of several lines")
	p.shot("several lines")
	p.press("#ask", "Neither")
	p.drop(prompts(t, "three lines.txt", lines...))
	p.press("#ask", "3 videos, one a line")
	p.batchShows("three lines", "3 lines: 3 videos")
	p.batchShows("three lines", price(t, 30))
	p.pressBatch("three lines", "Don't start")

	p.drop(prompts(t, "three lines.txt", lines...))
	p.press("#ask", "One prompt")
	p.has(strings.Join(lines, "\n"))
	p.shows("Its 3 lines are one prompt, for one video.")
	p.accessible("several lines in the form")
	p.press("#lines", "Make 3 videos, one a line")
	p.batchShows("one line of three", "3 lines: 3 videos")
	p.pressBatch("one line of three", "Don't start")

	p.drop(prompts(t, "a list.json", `["a first of two", {"prompt": "a second of two"}, 3]`))
	p.batchShows("a list", "2 lines, and 1 invalid: 2 videos")
	p.batchShows("a list", "Line 3: is a number, not a JSON object")
	p.batchShows("a list", price(t, 15))
	p.pressBatch("a list", "Don't start")
	w.boughtNone(t, "one line of three", "two lines of three", "a first of two", "a second of two")
}

func (w *world) testManyFiles(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	var files []string
	for i := range 11 {
		files = append(files, prompts(t, fmt.Sprintf("scene %d.txt", i), fmt.Sprintf("scene %d of many", i)))
	}
	p.do(chromedp.SetUploadFiles(chromedp.ID("files"), append(files, prompts(t, "scenes.docx", "no prompt"))))
	p.shows("1 file can't be used")
	p.press("#ask", "Close")
	const name = "scene 0.txt and 10 more files"
	p.batchShows(name, "11 lines: 11 videos")
	p.batchShows(name, price(t, 55))
	p.shot("many files")
	p.pressBatch(name, "Don't start")
	w.boughtNone(t, "scene 0 of many")

	// The price says what it lacks.
	p.do(chromedp.SetUploadFiles(chromedp.ID("files"), []string{
		prompts(t, "priced.txt", "a priced scene"),
		prompts(t, "unpriced.json", `{"prompt": "an unpriced scene", "model": "klingai/video-v3-standard-turbo-text-to-video"}`),
	}))
	p.shows("Generate 2 videos, for at least " + price(t, 5) + ", and 1 with an unknown price (klingai/video-v3-standard-turbo)?")
	p.press("#ask", "Not now")
}

func (w *world) testVariations(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	const prompt = "a swarm in two variations"
	p.fill("field-prompt", prompt)
	p.choose("n", "2")
	p.await("the price of both", "document.getElementById('price').textContent === "+js(price(t, 10)))
	p.shows("2 × " + price(t, 5))
	p.accessible("several variations")
	p.press("#composer", "Generate")
	p.await("both videos", "[...document.querySelectorAll('#grid .card')].filter((c) => c.querySelector('.prompt').textContent === "+js(prompt)+").length === 2")
	if got := w.bought(prompt); len(got) != 2 {
		t.Errorf("the provider accepted it %d times", len(got))
	}
	if n := eval[string](p, "document.getElementById('n').value"); n != "1" {
		t.Errorf("the next time it is %s", n)
	}
}
