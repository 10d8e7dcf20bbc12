package server

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"github.com/takeup/takeup/internal/api/server/reply"
)

// description is docs/openapi.yaml as JSON. A test writes it with -update, and fails
// where the two differ.
//
//go:embed openapi.json
var description []byte

func describe(*http.Request) reply.Response {
	return reply.Response{Status: http.StatusOK, Body: json.RawMessage(description), Header: map[string]string{"Cache-Control": "no-cache"}}
}
