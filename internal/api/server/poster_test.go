package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/video"
)

// PutPoster gives a completed job a poster.
func (j *fakeJobs) PutPoster(_ context.Context, id string, webp []byte) (view.View, error) {
	shown, ok := j.views[id]
	switch {
	case j.err != nil:
		return shown, j.err
	case !ok:
		return shown, &video.NoEntry{ID: id}
	case shown.Manifest == nil:
		return shown, &jobs.NoPoster{ID: id, Reason: "it is generating, and only a stored video has one"}
	}
	j.posters = append(j.posters, webp)
	manifest := *shown.Manifest
	manifest.Poster, shown.Manifest = true, &manifest
	j.views[id] = shown
	return shown, nil
}

// webp returns a picture of n bytes, as far as the API looks at it.
func webp(n int) []byte {
	file := make([]byte, n)
	copy(file, "RIFF----WEBPVP8 ")
	binary.LittleEndian.PutUint32(file[4:], uint32(n-8))
	return file
}

func posterReplies() map[string]reply {
	put := func(id, body string) call { return call{"PUT", "/videos/" + id + "/poster", nil, body} }
	of := func(file []byte) string { return `{"webp":"` + base64.StdEncoding.EncodeToString(file) + `"}` }
	noURL := errors.New("no credentials")
	return map[string]reply{
		"poster":             {call: put("done", of(webp(64)))},
		"poster-running":     {call: put("generating", of(webp(64)))},
		"poster-unknown":     {call: put("nobody", of(webp(64)))},
		"poster-bad-id":      {call: put("a%20b", of(webp(64)))},
		"poster-trouble":     {call: put("done", of(webp(64))), err: trouble},
		"poster-no-url":      {call: put("done", of(webp(64))), urlErr: noURL},
		"poster-no-picture":  {call: put("done", of([]byte("<html>")))},
		"poster-cut":         {call: put("done", of(webp(64)[:40]))},
		"poster-no-base64":   {call: put("done", `{"webp":"?"}`)},
		"poster-large":       {call: put("done", of(webp(16<<10+1)))},
		"poster-more-fields": {call: put("done", strings.Replace(of(webp(64)), "{", `{"name":"canary",`, 1))},
		"poster-too-large":   {call: put("done", of(webp(64<<10)))},
		"poster-form":        {call: call{"PUT", "/videos/done/poster", map[string]string{"Content-Type": "image/webp"}, "RIFF"}},
		"poster-get":         {call: call{"GET", "/videos/done/poster", nil, ""}},
	}
}

// A poster is stored as it was sent, and listed from then on.
func TestPoster(t *testing.T) {
	j := newJobs(t)
	handler := newHandler(j, links{}, io.Discard)
	list := func() string {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/videos?status=completed", nil))
		return w.Body.String()
	}
	if got := list(); !strings.Contains(got, `"poster_url":null`) {
		t.Errorf("before: %s", got)
	}
	picture := webp(16 << 10)
	r := httptest.NewRequest(http.MethodPut, "/videos/done/poster", strings.NewReader(`{"webp":"`+base64.StdEncoding.EncodeToString(picture)+`"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK || len(j.posters) != 1 || !bytes.Equal(j.posters[0], picture) {
		t.Errorf("%d %s, %d posters", w.Code, w.Body, len(j.posters))
	}
	if got := list(); !strings.Contains(got, "canary-url&poster") && !strings.Contains(got, `canary-url\u0026poster`) {
		t.Errorf("after: %s", got)
	}
}
