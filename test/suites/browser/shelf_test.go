package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/apitest"
	"github.com/takeup/takeup/internal/api/page"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/dev/stack"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/clip"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// dot is the smallest picture in WebP.
const dot = "UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA="

// shelf is the page in front of a fake of the API, without a stack.
type shelf struct {
	*world
	fake    *apitest.Server
	posters atomic.Int64 // that the page has stored
}

// newShelf starts a shelf with n jobs, of which each ninth failed, and one that runs. The newest is
// number 0, and number 1 has no poster.
func newShelf(t *testing.T, n int) *shelf {
	t.Helper()
	if err := os.MkdirAll(screenshots, 0o755); err != nil {
		t.Fatal(err)
	}
	picture, err := base64.StdEncoding.DecodeString(dot)
	if err != nil {
		t.Fatal(err)
	}
	film, err := clip.New("shelf", 5, "16:9", 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{fake: apitest.New(t, "../../../docs/openapi.yaml")}
	var origin string
	shown := page.New(func(context.Context) (page.Origins, error) { return page.Origins{Videos: origin, Uploads: origin}, nil }, http.NotFoundHandler())
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", shown)
	mux.Handle("GET /assets/", shown)
	mux.Handle("/", s.fake.Config.Handler)
	mux.HandleFunc("GET /poster.webp", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/webp")
		_, _ = w.Write(picture) // the browser may be gone
	})
	mux.HandleFunc("GET /clip.mp4", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		http.ServeContent(w, r, "", time.Time{}, film.Open())
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	origin = server.URL
	jobs := map[string]*api.File{}
	mux.HandleFunc("PUT "+api.PosterPath, func(w http.ResponseWriter, r *http.Request) {
		var given struct {
			WebP []byte `json:"webp"`
		}
		file := *jobs[r.PathValue("id")]
		if err := json.NewDecoder(r.Body).Decode(&given); err != nil || len(given.WebP) > api.MaxPoster || string(given.WebP[8:12]) != "WEBP" {
			t.Errorf("it stores %.20q, %v", given.WebP, err)
		}
		s.posters.Add(1)
		file.PosterURL = new(origin + "/poster.webp?drawn")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(file)
	})
	for i := n - 1; i >= 0; i-- {
		request, err := catalogue.OfPrompt(all.Models(), fmt.Sprintf("number %d, a paper boat crosses a flooded street", i))
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprintf("api-%d", i)
		job := s.fake.Done(id, request, "a video")
		job.Video.URL = origin + "/clip.mp4?" + id
		if i != 1 {
			job.Video.PosterURL = new(origin + "/poster.webp?" + id)
		}
		jobs[id] = job.Video
		job.Cost = &api.Cost{USD: float64(i%7) / 2}
		if i%9 == 8 {
			job = s.fake.Without(id, request, video.StateFailed, "OutOfCredits", "the account is out of credits", true)
		}
		job.CreatedAt = apitest.Created.Add(-time.Duration(i) * time.Minute)
		s.fake.Add(id, request, job)
	}
	under, err := catalogue.OfPrompt(all.Models(), "a train that is under way")
	if err != nil {
		t.Fatal(err)
	}
	s.fake.Add("api-running", under, s.fake.Video("api-running", under, video.StateGenerating))
	s.world = &world{stack: &stack.Stack{Token: apitest.Token}, page: server.URL + "/", browser: newBrowser(t)}
	return s
}
