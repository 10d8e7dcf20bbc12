package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/dev/template"
)

func responses() map[string]template.GatewayResponse {
	body := func(kind string) string {
		return `{"kind":"` + kind + `","message":$context.error.messageString,"path":"$context.path","id":"$context.requestId","time":"$context.requestTime"}`
	}
	of := func(kind string, status int, headers map[string]string) template.GatewayResponse {
		return template.GatewayResponse{Status: status, Headers: headers, Template: body(kind)}
	}
	return map[string]template.GatewayResponse{
		"MISSING_AUTHENTICATION_TOKEN": of("missing", 404, nil), "UNAUTHORIZED": of("unauthorized", 401, nil), "ACCESS_DENIED": of("denied", 401, nil),
		"THROTTLED":         of("throttled", 429, map[string]string{"Retry-After": "1", "Access-Control-Allow-Origin": "*"}),
		"REQUEST_TOO_LARGE": of("large", 413, nil), "INTEGRATION_TIMEOUT": of("timeout", 504, nil),
		"DEFAULT_4XX": of("4xx", 400, nil), "DEFAULT_5XX": of("5xx", 500, nil),
	}
}

func now() time.Time { return time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC) }

// miniStack fakes MiniStack's replies by path.
func miniStack(t *testing.T) *url.URL {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Requestid", "id-1")
		w.Header().Set("Content-Type", "application/json")
		fail := func(kind string, status int, message string) {
			if kind != "" {
				w.Header()["x-amzn-ErrorType"] = []string{kind}
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"message":"`+message+`"}`)
		}
		switch strings.TrimPrefix(r.URL.EscapedPath(), "/stage") {
		case "/unauthorized":
			fail("UnauthorizedException", 401, "Unauthorized")
		case "/denied":
			fail("AccessDeniedException", 403, "User is not authorized")
		case "/missing":
			fail("MissingAuthenticationTokenException", 403, "Missing Authentication Token")
		case "/throttled":
			fail("TooManyRequestsException", 429, "Too Many Requests")
		case "/odd":
			fail("IncompleteSignatureException", 403, "odd")
		case "/configuration":
			fail("InternalServerErrorException", 500, "Internal server error")
		case "/crashed":
			fail("", 502, "Internal server error")
		case "/own":
			fail("", 403, "the function's own")
		default:
			body, _ := io.ReadAll(r.Body)
			_ = json.NewEncoder(w).Encode(map[string]any{"uri": r.RequestURI, "bytes": len(body)})
		}
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL + "/stage")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestAPIAnswersAsAPIGateway(t *testing.T) {
	server := httptest.NewServer(NewAPI(miniStack(t), responses(), now))
	defer server.Close()
	for _, test := range []struct {
		path   string
		status int
		body   string
	}{
		{"/unauthorized", 401, `{"kind":"unauthorized","message":"Unauthorized","path":"/unauthorized","id":"id-1","time":"21/Aug/2026:12:00:00 +0000"}`},
		{"/denied", 401, `{"kind":"denied",`},
		{"/missing", 404, `{"kind":"missing",`},
		{"/throttled", 429, `{"kind":"throttled",`},
		{"/odd", 400, `{"kind":"4xx","message":"odd",`},
		{"/configuration", 500, `{"kind":"5xx",`},
		{"/crashed", 500, `{"kind":"5xx",`},
		{"/own", 403, `{"message":"the function's own"}`},
		{"/", 200, `{"bytes":0,"uri":"/stage/"}`},
		{"//v2/a%2Fb/?a=1;b=%zz", 200, `{"bytes":0,"uri":"/stage//v2/a%2Fb/?a=1;b=%zz"}`},
	} {
		response, err := http.Get(server.URL + test.path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != test.status || !strings.HasPrefix(string(body), test.body) {
			t.Errorf("%s: %v, %d %s", test.path, err, response.StatusCode, body)
		}
		if retry := response.Header.Get("Retry-After"); (retry == "1") != (test.status == 429) {
			t.Errorf("%s: Retry-After %q", test.path, retry)
		}
	}
	response, err := http.Head(server.URL + "/unauthorized")
	if err != nil || response.StatusCode != 401 {
		t.Errorf("HEAD: %v, %v", response, err)
	}
}

func TestAPIRefusesAPayloadThatIsTooLarge(t *testing.T) {
	server := httptest.NewServer(NewAPI(miniStack(t), responses(), now))
	defer server.Close()
	for _, test := range []struct {
		bytes  int
		status int
		body   string
	}{{maxPayload, 200, `{"bytes":10485760,`}, {maxPayload + 1, 413, `{"kind":"large",`}} {
		for name, body := range map[string]io.Reader{
			"of a known length":    strings.NewReader(strings.Repeat("x", test.bytes)),
			"of an unknown length": io.MultiReader(strings.NewReader(strings.Repeat("x", test.bytes))),
		} {
			response, err := http.Post(server.URL+"/v2", "text/plain", body)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(response.Body)
			if err != nil || response.StatusCode != test.status || !strings.HasPrefix(string(got), test.body) {
				t.Errorf("%d bytes %s: %v, %d %s", test.bytes, name, err, response.StatusCode, got)
			}
		}
	}
}

func TestAPIAnswersWithoutAFunction(t *testing.T) {
	gone := httptest.NewServer(nil)
	u, err := url.Parse(gone.URL)
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	w := httptest.NewRecorder()
	NewAPI(u, responses(), now).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/videos", nil))
	if w.Code != 500 || !strings.HasPrefix(w.Body.String(), `{"kind":"5xx",`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	NewAPI(u, nil, now).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/videos", nil))
	if w.Code != 504 || w.Body.String() != `{"message":"Internal server error"}` {
		t.Errorf("without a response of the template's: %d %s", w.Code, w.Body)
	}
}

func TestOneAuthentication(t *testing.T) {
	handler := OneAuthentication(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for _, test := range []struct {
		name, method, query, authorization string
		status                             int
	}{
		{"a presigned URL", "GET", "?X-Amz-Algorithm=a&X-Amz-Signature=b", "", 204},
		{"an old presigned URL", "GET", "?AWSAccessKeyId=a&Signature=b", "", 204},
		{"a signed request", "GET", "?list-type=2", "AWS4-HMAC-SHA256 Credential=a", 204},
		{"a presigned URL with a token", "GET", "?X-Amz-Algorithm=a&X-Amz-Signature=b", "Bearer secret", 400},
		{"an old one with a token", "GET", "?AWSAccessKeyId=a&Signature=b", "Bearer secret", 400},
		{"the same by HEAD", "HEAD", "?X-Amz-Algorithm=a", "Bearer secret", 400},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(test.method, "/bucket/key"+test.query, nil)
		r.Header.Set("Authorization", test.authorization)
		handler.ServeHTTP(w, r)
		if w.Code != test.status || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: got %d %s", test.name, w.Code, w.Body)
		}
		if told := strings.Contains(w.Body.String(), "<Code>InvalidArgument</Code>"); told != (w.Code == 400 && test.method == "GET") {
			t.Errorf("%s: got %s", test.name, w.Body)
		}
	}
}

func TestLater(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gateway.json")
	api, s3 := Later(file, now)
	ask := func(handler http.Handler, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	for _, content := range []string{"", "{", `{"stage":":"}`, `{"s3":":"}`} {
		if content != "" {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, handler := range []http.Handler{api, s3} {
			if w := ask(handler, "/"); w.Code != http.StatusServiceUnavailable {
				t.Errorf("with %q in its file: got %d %s", content, w.Code, w.Body)
			}
		}
	}
	behind := miniStack(t)
	data, err := json.Marshal(Config{Stage: behind.String(), S3: "http://" + behind.Host, Responses: responses()})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if w := ask(api, "/throttled"); w.Code != 429 || !strings.Contains(w.Body.String(), `"kind"`) {
		t.Errorf("the API: got %d %s", w.Code, w.Body)
	}
	if w := ask(s3, "/bucket/key?a=b"); w.Code != 200 || !strings.Contains(w.Body.String(), `"uri":"/bucket/key?a=b"`) {
		t.Errorf("S3: got %d %s", w.Code, w.Body)
	}
}
