package aimlapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/provider"
)

const priceList = `{"object":"list","data":[{"id":"klingai/v1-pro","aliases":["` + model + `"],"type":"internal/video-generations/submit",
	"info":{"name":"Kling","developer":"Kuaishou"},"tags":[],"pricing":{"kind":"fixed","currency":"USD","units":[{"name":"video","measure":"second","price":0.65,"per":1}]}}]}`

func TestPrices(t *testing.T) {
	const tag = `W/"3f-abc"`
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/v1/models" || r.URL.RawQuery != "include=pricing" || r.Header.Get("Authorization") != "" {
			t.Errorf("asked %s %s with %v", r.Method, r.URL, r.Header)
		}
		asked = append(asked, r.Header.Get("If-None-Match"))
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		answer(200, priceList, "ETag", tag)(w, r)
	})
	list, fresh, err := c.Prices(t.Context(), "")
	if err != nil || !fresh || list.ETag != tag || len(list.Models) != 1 {
		t.Fatalf("%+v, %v, %v", list, fresh, err)
	}
	p, ok := list.Find(model)
	if q := p.Quote(boat(t)); !ok || !q.Exact() || q.Least != 3_250_000 {
		t.Errorf("five seconds at 0.65 cost %+v", q)
	}
	if !p.AsOf.Equal(now()) || !strings.HasSuffix(p.Source, "/v1/models?include=pricing") {
		t.Errorf("by %q as of %v", p.Source, p.AsOf)
	}
	if _, fresh, err = c.Prices(t.Context(), list.ETag); err != nil || fresh {
		t.Errorf("the same list: %v, %v", fresh, err)
	}
	if list, fresh, err = c.Prices(t.Context(), `"older"`); err != nil || !fresh || len(list.Models) != 1 {
		t.Errorf("another list: %+v, %v, %v", list, fresh, err)
	}
	if want := []string{"", tag, `"older"`}; strings.Join(asked, " ") != strings.Join(want, " ") {
		t.Errorf("asked about %q, want %q", asked, want)
	}
}

func TestPricesETag(t *testing.T) {
	for tag, want := range map[string]string{
		"": "", `"a"`: `"a"`, `W/"a"`: `W/"a"`, `a`: "", `"a" "b"`: "", `"` + strings.Repeat("a", 201) + `"`: "", `"é"`: "",
	} {
		list, fresh, err := serve(t, answer(200, priceList, "ETag", tag)).Prices(t.Context(), "")
		if err != nil || !fresh || list.ETag != want {
			t.Errorf("%q is kept as %q, %v, %v", tag, list.ETag, fresh, err)
		}
	}
}

func TestNoPrices(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a page":              answer(200, "<html>"),
		"no list":             answer(200, `{}`),
		"a list cut short":    answer(200, priceList[:len(priceList)-1]),
		"a list without end":  answer(200, priceList+strings.Repeat(" ", 4<<20)),
		"a 502":               answer(502, ""),
		"a 304 without a tag": answer(304, ""),
		"a redirect":          answer(302, "", "Location", "/elsewhere"),
	} {
		list, fresh, err := serve(t, handler).Prices(t.Context(), "")
		if err == nil {
			t.Errorf("%s is a list: %+v", name, list)
			continue
		}
		if _ = asUnanswered(t, err); fresh || len(list.Models) != 0 {
			t.Errorf("%s gives %+v, %v", name, list, fresh)
		}
	}
	_, _, err := serve(t, answer(429, `{"message":"Too Many Requests"}`)).Prices(t.Context(), `"a"`)
	if refusal := asRefusal(t, err); refusal.Kind != provider.RefusedBusy {
		t.Errorf("a 429 is %v", refusal.Kind)
	}
}
