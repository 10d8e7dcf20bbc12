package browser

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
)

func (w *world) testRefusedFields(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.press("#composer", "Generate")
	p.shows("say what the video shows")
	if focused := eval[string](p, "document.activeElement.id"); focused != "field-prompt" {
		t.Errorf("the focus is on %q", focused)
	}
	p.click(css("#more summary"))
	p.fill("field-prompt", "a bear dances")
	p.fill("field-cfg_scale", "7")
	before := w.front.count()
	p.press("#composer", "Generate")
	p.shows("a number from 0 to 1")
	p.shows("the API could not check these settings")
	p.accessible("a wrong field")
	p.shot("wrong field")
	if keys := w.front.keys(before); len(keys) > 0 {
		t.Errorf("what can't be right was sent: %q", keys)
	}

	// Only the API knows that this is wrong: the texts are too long in total.
	p.fill("field-cfg_scale", "0.5")
	p.choose("field-prompt", strings.Repeat("a bear dances. ", 5000))
	p.press("#composer", "Generate")
	p.shows("larger than 64 KiB")
	if kept := eval[int](p, "document.getElementById('field-prompt').value.length"); kept != 15*5000 {
		t.Errorf("%d characters of the refused prompt are left", kept)
	}
	p.await("no card of it", "!"+card("a bear dances"))
}

func (w *world) testModels(t *testing.T) {
	p := w.tab(t)
	p.signIn()
	p.fill("field-prompt", "kept over all models")
	seen := map[string]bool{} // forms that models share
	for _, model := range catalogue.All(all.Models()) {
		p.choose("field-model", model.Name)
		p.await(model.Name, "JSON.parse(sessionStorage.getItem('takeup.draft')).model === "+js(model.Name))
		var draft map[string]any
		if err := json.Unmarshal([]byte(eval[string](p, "sessionStorage.getItem('takeup.draft')")), &draft); err != nil {
			t.Fatal(err)
		}
		if draft["prompt"] != "kept over all models" {
			t.Errorf("%s: the prompt is %v", model.Name, draft["prompt"])
		}
		for _, parameter := range model.Parameters {
			if there := eval[bool](p, "Boolean(document.querySelector("+js("[id^='field-"+parameter.Name+"']")+"))"); !there && parameter.Name != "multi_prompt" {
				t.Errorf("%s: there is no field for %s", model.Name, parameter.Name)
			}
			if parameter.Default != nil && draft[parameter.Name] == nil {
				t.Errorf("%s: %s has no default", model.Name, parameter.Name)
			}
		}
		if form := eval[string](p, "[...document.querySelectorAll('#composer [id^=field-]')].map((e) => e.id).join(' ')"); !seen[form] {
			p.accessible(model.Name)
			seen[form] = true
		}
	}

	// Models can be found by length, maker and order.
	p.choose("find-model", "alibaba 15s")
	p.await("those that were found", "[...document.querySelectorAll('#field-model option')].filter((o) => o.value.startsWith('alibaba/')).length === 4")
	p.choose("order-models", "price")
	p.await("the order", "!document.querySelector('#field-model optgroup')")
	p.accessible("models that were found")
	p.choose("find-model", "")

	// This model takes several prompts, each with a length.
	p.choose("field-model", "klingai/video-v3-turbo-pro-text-to-video")
	p.await("its form", "document.querySelector(\"label[for='field-shots-several']\")")
	p.click(css("label[for='field-shots-several']"))
	p.press("#composer", "Add a shot")
	p.fill("field-multi_prompt-0-prompt", "a door opens")
	p.fill("field-multi_prompt-1-prompt", "a cat walks in")
	p.accessible("several shots")
	p.shot("several shots")
	p.press("#composer", "Generate")
	p.await("the video", card("a door opens")+"?.querySelector('video')")
	for _, create := range w.provider.Ledger().Creates {
		if strings.Contains(create.Body, `"a door opens"`) && strings.Contains(create.Body, `"multi_prompt":[`) && strings.Contains(create.Body, `"a cat walks in"`) {
			return
		}
	}
	t.Error("the provider was not sent both shots")
}

func (w *world) testFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	text := file("boat.txt", "a boat of paper\n")
	object := file("car.json", `{"prompt": "a car of tin", "duration": "10", "aspect_ratio": "1:1", "wheels": 4}`)
	p := w.tab(t)
	p.signIn()
	p.drop(text)
	p.await("the prompt in the form", "document.getElementById('field-prompt').value === 'a boat of paper'")
	p.drop(file("lines.txt", "\ufeffa boat of paper\n\ufeffa dog of wood\n"))
	p.shows("One prompt, or 2?")
	p.press("#ask", "One prompt")
	p.shows("Its 2 lines are one prompt, for one video.")
	p.await("the lines without marks", "document.getElementById('field-prompt').value === 'a boat of paper\\na dog of wood'")
	p.drop(file("broken.json", `{"prompt": "a boat",}`))
	p.shows("The request is not JSON at line 1, column 21: there is a comma before the }; take the comma out")
	p.press("#ask", "Close")
	p.drop(object)
	p.await("the request in the form", "document.getElementById('field-prompt').value === 'a car of tin'")
	p.shows("Not copied, because this model doesn't accept it: wheels.")
	p.shows(price(t, 10))

	// A text takes the settings of the form, which are those of the car. What the API would
	// refuse is known before anything is sent.
	dog, cat := file("dog.txt", "a dog of wood"), file("cat.json", `{"prompt": "a cat of glass"}`)
	picture, seven := file("picture.png", "no prompt"), file("seven.json", `{"prompt": "seven seconds", "duration": 7}`)
	p.do(chromedp.SetUploadFiles(chromedp.ID("files"), []string{dog, picture, cat, seven}))
	p.shows("Generate 2 videos, for " + price(t, 15) + "?")
	p.shows("2 files can't be used and will be left out.")
	p.shows("is not a .txt, .json, .csv, .tsv, .jsonl or .ndjson file")
	p.shows("Duration is 7; it takes 5 or 10")
	p.accessible("several files")
	p.shot("files")
	p.press("#ask", "Generate them")
	p.cardShows("a dog of wood", "10 s") // at once
	p.cardShows("a dog of wood", "1:1")
	for _, prompt := range []string{"a dog of wood", "a cat of glass"} {
		p.await("the video of "+prompt, card(prompt)+"?.querySelector('video')")
		w.boughtOnce(t, prompt)
	}
}

// drop drags files over the page and drops them there.
func (p *tab) drop(files ...string) {
	p.Helper()
	drag := func(kind input.DispatchDragEventType) {
		p.Helper()
		_, err := chromedp.Call(p.ctx, input.DispatchDragEvent, input.DispatchDragEventParams{
			Type: kind, X: 700, Y: 400,
			Data: &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1},
		})
		if err != nil {
			p.Fatal(err)
		}
	}
	// A browser that is still busy with the last drop ignores some of these events, and a person
	// who drags files keeps moving.
	p.until("the page to accept files", func(context.Context) bool {
		drag(input.DispatchDragEventTypeDragEnter)
		drag(input.DispatchDragEventTypeDragOver)
		return eval[bool](p, "!document.getElementById('drop').hidden")
	})
	// The browser drops nothing on a page that has not answered its last event, so a drop that
	// the page has not taken after some polls is repeated.
	looks := 0
	p.until("the files to be accepted", func(context.Context) bool {
		if eval[bool](p, "document.getElementById('drop').hidden") {
			return true
		}
		if looks%20 == 0 {
			drag(input.DispatchDragEventTypeDragEnter)
			drag(input.DispatchDragEventTypeDragOver)
			drag(input.DispatchDragEventTypeDrop)
		}
		looks++
		return false
	})
}
