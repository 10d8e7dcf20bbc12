package modellist_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/modellist"
)

// A page has the models that pass every filter, with the sections that were asked for.
func TestPage(t *testing.T) {
	const name = "kling-video/v1.5/pro/text-to-video"
	m, ok := models.Find(name)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	list, err := modellist.New([]models.Model{m})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"":                                      `"id":"klingai/v1.5-pro-text-to-video","aliases":["` + name + `"]`,
		"id=" + name:                            `"id":"klingai/`,
		"include=pricing":                       `"pricing":{`,
		"details=1":                             `"capabilities":["text_to_video"]`,
		"input_modalities=text&include=nothing": `"tags":[]`,
		"id=another":                            `"data":[]`,
		"modalities=audio":                      `"data":[]`,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(list.Page(values))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%q: %s, %v; want %s in it", query, text, err, want)
		}
	}
	for header, want := range map[string]bool{list.Tag: true, strings.TrimPrefix(list.Tag, "W/"): true, `"a", ` + list.Tag: true, "*": true, `"a"`: false} {
		if list.Has([]string{header}) != want {
			t.Errorf("If-None-Match %s: %v", header, !want)
		}
	}
}
