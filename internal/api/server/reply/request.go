package reply

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/hookurl"
)

// Headers by which the caller of the API's handler passes on what it knows about a request. The caller
// sets them on every request, so that they are never the client's.
const (
	// ReceivedHeader is when API Gateway received the request, in milliseconds since
	// 1970. Without it, that is when the handler sees the request.
	ReceivedHeader = "X-Received-At"
	// OwnerHeader is the name of the request's token; empty where no token is needed.
	OwnerHeader = "X-Token-Owner"
)

// ReadKey returns a request's Idempotency-Key, which is empty without one, or refuses it.
func ReadKey(r *http.Request) (string, *Response) {
	key, keyed := r.Header[api.IdempotencyKeyHeader]
	switch {
	case !keyed:
		return "", nil
	case len(key) != 1 || len(key[0]) < 1 || len(key[0]) > 255 || !visible(key[0]):
		refused := RefuseField(http.StatusBadRequest, api.IdempotencyKeyHeader, "must be one header of 1 to 255 visible ASCII characters; send a UUID, say, or leave it out")
		return "", &refused
	}
	return key[0], nil
}

// ReadRequest returns the video request in a body, or refuses it. A local stack delivers webhooks
// to this machine, too.
func ReadRequest(r *http.Request, local bool) (video.Request, *Response) {
	body, refused := read(r)
	if refused != nil {
		return video.Request{}, refused
	}
	request, err := catalogue.Parse(all.Models(), body)
	if err == nil {
		if fault := hookurl.Undeliverable(request.WebhookField(), local); fault != "" {
			refused := RefuseFields([]video.FieldError{{Field: video.Webhook, Message: fault}})
			return video.Request{}, &refused
		}
		return request, nil
	}
	got := Unavailable("", err, "the request could not be read; send it again")
	var invalid *video.InvalidRequest
	if errors.As(err, &invalid) {
		got = RefuseFields(invalid.Fields)
	}
	return video.Request{}, &got
}

// ReadObject returns the JSON object in a body, or refuses it. The example is a body that
// the path takes.
func ReadObject(r *http.Request, example string) (map[string]any, *Response) {
	body, refused := read(r)
	if refused != nil {
		return nil, refused
	}
	decoded, err := text.Decode(body)
	if err != nil {
		got := Refuse(http.StatusBadRequest, "the request %v", err)
		return nil, &got
	}
	fields, _, err := text.Object(decoded)
	if err != nil {
		got := Refuse(http.StatusBadRequest, "the request %v; it takes %s", err, example)
		return nil, &got
	}
	return fields, nil
}

// read returns a request's body, or refuses what can't be JSON.
func read(r *http.Request) ([]byte, *Response) {
	given := r.Header.Get("Content-Type")
	kind, parameters, err := mime.ParseMediaType(given)
	charset, hasCharset := parameters["charset"]
	var refused Response
	switch {
	case given == "":
		refused = Refuse(http.StatusUnsupportedMediaType, "Content-Type is missing; send the request as application/json")
	case kind == "application/x-www-form-urlencoded":
		refused = Refuse(http.StatusUnsupportedMediaType, `Content-Type is application/x-www-form-urlencoded, which curl sends by itself with -d; add -H "Content-Type: application/json"`)
	case err != nil || kind != "application/json":
		refused = Refuse(http.StatusUnsupportedMediaType, "Content-Type is not application/json; send the request as application/json")
	case hasCharset && !strings.EqualFold(charset, "utf-8"):
		refused = Refuse(http.StatusUnsupportedMediaType, "the charset is not UTF-8; send the request as UTF-8")
	case r.Header.Get("Content-Encoding") != "" && !strings.EqualFold(r.Header.Get("Content-Encoding"), "identity"):
		refused = Refuse(http.StatusUnsupportedMediaType, "the body is encoded; send it without a Content-Encoding")
	default:
		body, err := io.ReadAll(io.LimitReader(r.Body, video.MaxRequestBytes+1))
		switch {
		case err != nil:
			refused = Refuse(http.StatusBadRequest, "the body could not be read to its end; send the request again")
		case len(body) > video.MaxRequestBytes:
			refused = Refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d KiB; shorten the prompt", video.MaxRequestBytes>>10)
		default:
			return body, nil
		}
	}
	return nil, &refused
}

// visible reports whether a text is of visible ASCII characters only.
func visible(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return true
}
