package server

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
)

// The provider's paths. Both of those for videos take every model: which of the provider's routes
// a job goes by is not the caller's concern. The universal one answers 200 to a
// POST and the legacy one 201, as the provider's OpenAPI descriptions have it.
const (
	LegacyPath    = "/v2/generate/video/kling/generation"
	UniversalPath = "/v2/video/generations"
	ModelsPath    = "/v1/models"
)

// Handler gives the API as an http.Handler, as docs/openapi.yaml describes it.
// Each reply has the provider's shape, whatever was asked: a status of its own for
// a wrong path, method, type, size or JSON, 503 for trouble with AWS, and 500
// only for a bug of its own.
func (a *API) Handler() http.Handler {
	type methods map[string]func(*http.Request) answer
	mux := http.NewServeMux()
	for path, takes := range map[string]methods{
		LegacyPath:             {"POST": a.create(http.StatusCreated), "GET": a.retrieve},
		UniversalPath:          {"POST": a.create(http.StatusOK), "GET": a.retrieve},
		"/videos":              {"GET": a.list},
		"/videos/{id}":         {"GET": a.get, "DELETE": a.cancel},
		"/videos/{id}/content": {"GET": a.content},
		"/videos/{id}/redrive": {"POST": a.redrive},
		"/videos/{id}/retry":   {"POST": a.retry},
		"/videos/{id}/forget":  {"POST": a.forget},
		"/uploads":             {"POST": a.upload},
		"/statuses":            {"POST": a.statuses},
		"/check":               {"POST": a.check},
		"/models":              {"GET": a.models},
		ModelsPath:             {"GET": a.models},
		"/control":             {"GET": a.control},
		"/usage":               {"GET": a.usage},
		"/openapi.json":        {"GET": describe},
	} {
		allowed := slices.Sorted(maps.Keys(takes))
		for method, handle := range takes {
			mux.HandleFunc(method+" "+path, a.serve(handle)) // of GET, HEAD too
		}
		if takes["GET"] != nil {
			allowed = append(allowed, "HEAD")
		}
		allowed = append(allowed, "OPTIONS")
		slices.Sort(allowed)
		mux.HandleFunc("OPTIONS "+path, a.serve(a.options(allowed)))
		mux.HandleFunc(path, a.serve(wrongMethod(allowed)))
	}
	unknown := a.NotFound()
	mux.Handle("/", unknown)
	known := func(r *http.Request) bool {
		_, pattern := mux.Handler(r)
		return pattern != "" && pattern != "/" && !strings.HasSuffix(pattern, " /{$}") && pattern != "/{$}"
	}
	for _, path := range []string{"/{$}", "/assets/"} {
		allowed := []string{"GET", "HEAD", "OPTIONS"}
		mux.HandleFunc("GET "+path, a.page) // and HEAD
		mux.HandleFunc("OPTIONS "+path, a.serve(a.options(allowed)))
		mux.HandleFunc(path, a.serve(wrongMethod(allowed)))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// ServeMux answers a path such as //v2 with a redirect in HTML. A client that
		// follows it would send its POST as a GET.
		if strings.Contains(r.URL.Path, "//") || len(r.URL.Path) > 1 && strings.HasSuffix(r.URL.Path, "/") {
			tidy := r.Clone(r.Context())
			tidy.URL.Path, tidy.URL.RawPath = "/"+strings.Join(strings.FieldsFunc(r.URL.Path, func(c rune) bool { return c == '/' }), "/"), ""
			if known(tidy) {
				a.slashes(tidy.URL.Path).ServeHTTP(w, r)
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

// NotFound answers for a path that is not here.
func (a *API) NotFound() http.Handler {
	return a.serve(func(*http.Request) answer {
		return refuse(http.StatusNotFound, "there is nothing at this path; /openapi.json lists what there is, such as %s", UniversalPath)
	})
}

// slashes answers for a path that is one of the API's but for its slashes.
func (a *API) slashes(clean string) http.Handler {
	return a.serve(func(*http.Request) answer {
		return refuse(http.StatusNotFound, "there is nothing at this path; %s is without the slash at its end or the doubled one: see how the client joins its base URL and the path", clean)
	})
}

func wrongMethod(allowed []string) func(*http.Request) answer {
	return func(*http.Request) answer {
		a := refuse(http.StatusMethodNotAllowed, "this path takes %s only", strings.Join(allowed, ", "))
		a.header = map[string]string{"Allow": strings.Join(allowed, ", ")}
		return a
	}
}

// page has the page answer, and logs that as all else is logged.
func (a *API) page(w http.ResponseWriter, r *http.Request) {
	began, requestID := a.Now(), a.requestID(r)
	w.Header().Set("X-Request-Id", requestID)
	recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
	a.Page.ServeHTTP(recorder, r)
	if recorder.status != http.StatusNotFound { // which NotFound has logged
		a.log(r, answer{status: recorder.status}, requestID, began)
	}
}

// statusRecorder keeps the status that was written.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}
