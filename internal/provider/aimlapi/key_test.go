package aimlapi_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/video"
)

// Whatever a server echoes, the key is in no result.
func TestTheKeyIsNeverShown(t *testing.T) {
	secret := key().Value
	pad := strings.Repeat("x", 490)
	for name, handler := range map[string]http.HandlerFunc{
		"in a message":           answer(401, `{"message":"the key `+secret+` is bad"}`),
		"at a message's cut":     answer(401, `{"message":"`+pad+secret+`"}`),
		"in a list":              answer(400, `{"message":["Bearer `+secret+`"]}`),
		"in an object":           answer(400, `{"message":{"`+secret+`":1}}`),
		"in a failure":           answer(200, `{"id":"`+id+`","status":"error","error":"for `+secret+`"}`),
		"in a failure's name":    answer(200, `{"id":"`+id+`","status":"error","error":{"name":"`+secret+`","message":"m"}}`),
		"as the status":          answer(200, `{"id":"`+id+`","status":"`+secret+`"}`),
		"as the id":              answer(200, `{"id":"`+secret+`","status":"queued"}`),
		"in a header":            answer(500, "", "X-Inference-Id", secret),
		"in a redirect":          answer(302, "", "Location", "https://cdn.example/"+secret),
		"in place of the status": echo,
	} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, handler)
			posted, postErr := submit(t, c)
			got, getErr := c.Retrieve(t.Context(), key(), at(aimlapi.RouteLegacy, id))
			_, logsErr := c.Requests(t.Context(), key(), now(), now())
			_, chargesErr := c.Charges(t.Context(), key(), now(), now())
			all := fmt.Sprintf("%+v %+v %+v %+v %+v %+v %#v %#v", posted, got, postErr, getErr, logsErr, chargesErr, postErr, getErr)
			if strings.Contains(all, secret[:10]) {
				t.Errorf("it is in %s", all)
			}
		})
	}
}

// echo answers with the request's header line that has the key, which is not valid HTTP.
func echo(w http.ResponseWriter, r *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	writer := bufio.NewWriter(conn)
	// The test checks what the client does with it.
	_, _ = fmt.Fprintf(writer, "Authorization: %s\r\n\r\n", r.Header.Get("Authorization"))
	_ = writer.Flush()
	_ = conn.Close()
}

// A key that can't be sent in a header isn't shown either.
func TestUnsendableKey(t *testing.T) {
	c := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") })
	bad := video.Key{Value: "abc-secret\n"}
	_, err := c.Submit(t.Context(), bad, "job.1", boat(t))
	if got := asRefusal(t, err); strings.Contains(got.Error(), "secret") {
		t.Error(got)
	}
}
