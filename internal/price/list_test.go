package price_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/price"
)

const second = `{"kind":"fixed","currency":"USD","units":[{"measure":"second","price":%s,"per":1}]}`

func entry(id, aliases, kind, usd string) string {
	return fmt.Sprintf(`{"id":%q,"aliases":[%s],"type":%q,"pricing":`+second+`}`, id, aliases, kind, usd)
}

func TestFind(t *testing.T) {
	const videos, images = "internal/video-generations/submit", "internal/image-generations"
	l, err := price.Parse([]byte(`{"object":"list","data":[`+strings.Join([]string{
		`7`, `null`, `[]`, `{"id":7}`, `{"id":""}`, `{"id":"` + strings.Repeat("x", 201) + `"}`,
		entry("vendor/plain", `"other-name", 7, null`, videos, "0.1"),
		entry("other-name", ``, images, "0.2"),
		entry("vendor/twice", ``, images, "0.3"), entry("vendor/twice", ``, videos, "0.4"),
		entry("vendor/same", ``, videos, "0.5"), entry("vendor/same", ``, videos, "0.50"),
		entry("vendor/unlike", ``, videos, "0.6"), entry("vendor/unlike", ``, videos, "0.7"),
		entry("vendor/first", `"shared"`, images, "0.8"), entry("vendor/second", `"Shared"`, videos, "0.9"),
		`{"id":"vendor/unpriced","aliases":"none"}`,
	}, ",")+`]}`), list, asOf())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"vendor/plain": "0.1", "VENDOR/Plain": "0.1", "other-name": "0.2", "vendor/twice": "0.4", "vendor/same": "0.5",
		"shared": "0.9", "vendor/unlike": "unknown", "vendor/unpriced": "unknown", "vendor/absent": "", "": "", "7": "",
	} {
		got := ""
		p, found := l.Find(name)
		if found {
			got = "unknown"
			if p.Source != list || !p.AsOf.Equal(asOf()) {
				t.Errorf("%s: by %q as of %v", name, p.Source, p.AsOf)
			}
		}
		if len(p.Rates) == 1 {
			got = p.Rates[0].USD.String()
		}
		if got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func TestNoList(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": ``, "a page": `<html>`, "null": `null`, "a list": `[]`, "an error": `{"message":"no"}`, "no list of data": `{"data":{}}`,
		"a huge one": `{"data":[` + strings.Repeat("0,", 20_000) + `0]}`,
	} {
		if l, err := price.Parse([]byte(body), list, asOf()); err == nil {
			t.Errorf("%s is a list of %d models", name, len(l.Models))
		}
	}
	if l, err := price.Parse([]byte(`{"data":[]}`), list, asOf()); err != nil || len(l.Models) != 0 {
		t.Errorf("an empty list: %+v, %v", l, err)
	}
}

func TestBounds(t *testing.T) {
	unit := `{"measure":"second","price":1,"per":1},`
	units := func(n int) string {
		return `{"kind":"fixed","units":[` + strings.TrimSuffix(strings.Repeat(unit, n), ",") + `]}`
	}
	if p := priced(t, v1, units(500)); len(p.Rates) != 500 {
		t.Errorf("%d rates of 500", len(p.Rates))
	}
	for name, pricing := range map[string]string{
		"rates":      units(501),
		"dimensions": `{"kind":"variants","dimensions":[` + strings.Repeat(`"a",`, 20) + `"a"],"variants":[]}`,
	} {
		if p := priced(t, v1, pricing); p.Kind != price.Unknown || len(p.Rates) != 0 {
			t.Errorf("too many %s: %+v", name, p)
		}
	}
}

// FuzzParse checks that Parse never panics, that quotes by its result make sense, and that
// the result survives storing.
func FuzzParse(f *testing.F) {
	for _, body := range []string{
		``, `{"data":[]}`, `{"data":[null,7,"a",[],{}]}`,
		`{"data":[` + entry(v3, `"a"`, "t", "0.1") + `,` + entry("a", ``, "t", "1e-7") + `]}`,
		`{"data":[{"id":"` + v3 + `","pricing":{"kind":"variants","dimensions":["generate_audio",7],"variants":[{"when":{"generate_audio":true},"price":"0.2","unit":"second","per":1000},{"when":null},7]}}]}`,
		`{"data":[{"id":"` + v3 + `","pricing":{"kind":"variable","units":[{"name":"video","price":1e20,"per":1e20}]}}]}`,
		`{"data":[{"id":"` + v3 + `","pricing":{"kind":"fixed","units":[{"measure":"second","price":9223372036854775807,"per":1},{"measure":"video","price":9223372036854,"per":1}]}}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := price.Parse(body, list, asOf())
		if err != nil {
			return
		}
		kept, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		var back price.List
		if err := json.Unmarshal(kept, &back); err != nil {
			t.Fatalf("%v: %s", err, kept)
		}
		ask := request(t, v3, `"generate_audio":true`)
		for _, m := range l.Models {
			p, ok := l.Find(m.ID)
			if !ok {
				t.Errorf("%q is not found", m.ID)
			}
			q := p.Quote(ask)
			if q.Least < 0 || q.Most < 0 || q.Most != 0 && q.Most < q.Least || !q.Known && q != (price.Quote{}) {
				t.Errorf("%+v of %+v", q, p)
			}
			again, ok := back.Find(m.ID)
			if !ok || again.Quote(ask) != q {
				t.Errorf("%+v was kept as %+v", p, again)
			}
		}
		if again, err := json.Marshal(back); err != nil || !reflect.DeepEqual(again, kept) {
			t.Errorf("%s was kept as %s, %v", kept, again, err)
		}
	})
}
