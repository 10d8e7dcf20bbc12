package server

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/reply"
)

// methods are the functions that answer a path, by the method.
type methods map[string]func(*http.Request) reply.Response

// routes returns every path that is answered with JSON.
func (a *API) routes() map[string]methods {
	all := map[string]methods{
		api.VideosPath:       {"GET": a.list},
		api.VideoPath:        {"GET": a.get, "DELETE": a.cancel},
		api.ContentPath:      {"GET": a.content},
		api.RedrivePath:      {"POST": a.redrive},
		api.RetryPath:        {"POST": a.retry},
		api.ForgetPath:       {"POST": a.forget},
		api.PosterPath:       {"PUT": a.poster},
		api.BatchesPath:      {"POST": a.createBatch, "GET": a.listBatches},
		api.BatchPath:        {"GET": a.batch, "DELETE": a.cancelBatch},
		api.BatchStartPath:   {"POST": a.startBatch},
		api.BatchResultsPath: {"GET": a.batchResults},
		api.UploadsPath:      {"POST": a.upload},
		api.StatusesPath:     {"POST": a.statuses},
		api.CheckPath:        {"POST": a.check},
		api.ModelsPath:       {"GET": a.models},
		"/models/{name...}":  {"GET": a.model}, // api.ModelPath, by names with slashes
		api.ControlPath:      {"GET": a.control},
		api.UsagePath:        {"GET": a.usage},
		api.DescriptionPath:  {"GET": describe},
	}
	maps.Copy(all, a.aimlapi())
	return all
}

// Handler returns the API as an http.Handler, as docs/openapi.yaml describes it. Every
// refusal is an api.Error with a status that says what was wrong: the path, the
// method, the type, the size or the content. 503 is a failure of AWS, and 500 a bug.
func (a *API) Handler() http.Handler {
	mux, replies := http.NewServeMux(), a.replier()
	for path, takes := range a.routes() {
		allowed := slices.Sorted(maps.Keys(takes))
		for method, handle := range takes {
			mux.HandleFunc(method+" "+path, replies.Handler(handle)) // GET is HEAD too
		}
		if takes["GET"] != nil {
			allowed = append(allowed, "HEAD")
		}
		allowed = append(allowed, "OPTIONS")
		slices.Sort(allowed)
		mux.HandleFunc("OPTIONS "+path, replies.Handler(replies.Options(allowed)))
		mux.HandleFunc(path, replies.Handler(wrongMethod(allowed)))
	}
	unknown := a.NotFound()
	mux.Handle("/", unknown)
	known := func(r *http.Request) bool {
		_, pattern := mux.Handler(r)
		return pattern != "" && pattern != "/" && !strings.HasSuffix(pattern, " /{$}") && pattern != "/{$}"
	}
	for _, path := range []string{"/{$}", "/assets/"} {
		allowed := []string{"GET", "HEAD", "OPTIONS"}
		mux.HandleFunc("GET "+path, replies.Page(a.Page)) // and HEAD
		mux.HandleFunc("OPTIONS "+path, replies.Handler(replies.Options(allowed)))
		mux.HandleFunc(path, replies.Handler(wrongMethod(allowed)))
	}
	return tidy(mux, known, a.slashes, unknown)
}

// tidy answers what ServeMux would redirect, in HTML, to a cleaned path: a client that
// follows would send its POST as a GET. A path that is known without its trailing and
// doubled slashes is answered by slashes.
func tidy(mux *http.ServeMux, known func(*http.Request) bool, slashes func(clean string) http.Handler, unknown http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "//") || len(r.URL.Path) > 1 && strings.HasSuffix(r.URL.Path, "/") {
			clean := r.Clone(r.Context())
			clean.URL.Path, clean.URL.RawPath = "/"+strings.Join(strings.FieldsFunc(r.URL.Path, func(c rune) bool { return c == '/' }), "/"), ""
			if known(clean) {
				slashes(clean.URL.Path).ServeHTTP(w, r)
				return
			}
		}
		if path.Clean(r.URL.Path) != r.URL.Path || !strings.HasPrefix(r.URL.Path, "/") {
			unknown.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// NotFound answers a path that the API doesn't have.
func (a *API) NotFound() http.Handler {
	return a.replier().Handler(func(*http.Request) reply.Response {
		return reply.Refuse(http.StatusNotFound, "there is nothing at this path; /openapi.json lists the paths, such as %s", api.GenerationsPath)
	})
}

// slashes answers a path that the API has with fewer slashes.
func (a *API) slashes(clean string) http.Handler {
	return a.replier().Handler(func(*http.Request) reply.Response {
		return reply.Refuse(http.StatusNotFound, "there is nothing at this path, but there is %s, without the trailing or doubled slash; check how the client joins its base URL and the path", clean)
	})
}

func wrongMethod(allowed []string) func(*http.Request) reply.Response {
	return func(*http.Request) reply.Response {
		a := reply.Refuse(http.StatusMethodNotAllowed, "this path takes only %s", strings.Join(allowed, ", "))
		a.Header = map[string]string{"Allow": strings.Join(allowed, ", ")}
		return a
	}
}

func (a *API) replier() reply.Replier {
	return reply.Replier{Origin: a.Origin, Random: a.Random, Now: a.Now, Log: a.Log}
}
