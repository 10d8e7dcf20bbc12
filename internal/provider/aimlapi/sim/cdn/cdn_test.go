package cdn_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/cdn"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// A URL is valid for its own video, up to the second in which it expires.
func TestSigner(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	signer := cdn.Signer{Secret: []byte("s")}
	u, err := url.Parse(signer.URL(httptest.NewRequest("GET", "http://host/", nil), "one", now))
	if err != nil {
		t.Fatal(err)
	}
	if cdn.ID(u.Path) != "one" || u.Host != "host" {
		t.Errorf("the URL is %s", u)
	}
	forged := u.Query()
	forged.Set("ksTime", "7fffffff")
	for _, test := range []struct {
		name  string
		s     cdn.Signer
		path  string
		query url.Values
		now   time.Time
		want  bool
	}{
		{"in time", signer, u.Path, u.Query(), now, true},
		{"expired", signer, u.Path, u.Query(), now.Add(time.Second), false},
		{"another video's", signer, strings.Replace(u.Path, "one", "two", 1), u.Query(), now, false},
		{"another time", signer, u.Path, forged, now, false},
		{"another secret", cdn.Signer{Secret: []byte("t")}, u.Path, u.Query(), now, false},
		{"no signature", signer, u.Path, url.Values{}, now, false},
	} {
		if got := test.s.Valid(test.path, test.query, test.now); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// A fault ends the body at its byte, and Send says so.
func TestSendEnds(t *testing.T) {
	video, err := clip.New("one", 5, "16:9", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		fault script.Fault
		bytes int64
		ended bool
	}{
		{script.Fault{}, video.Size(), false},
		{script.Fault{CutAfter: 100}, 100, true},
		{script.Fault{StallAfter: 100}, 100, true},
		{script.Fault{CutAfter: 1 << 40}, video.Size(), false},
	} {
		w := httptest.NewRecorder()
		status, ended := cdn.Send(w, httptest.NewRequest("GET", "/", nil), cdn.File{InferenceID: "one", Clip: video}, test.fault, cdn.Pace{})
		if status != 200 || ended != test.ended || int64(w.Body.Len()) != test.bytes {
			t.Errorf("%+v: %d, %d bytes, ended %v", test.fault, status, w.Body.Len(), ended)
		}
	}
}
