package server

import (
	_ "embed"
	"encoding/json"
	"net/http"
)

// description is docs/openapi.yaml as JSON. A test writes it with -update, and fails
// where the two differ.
//
//go:embed openapi.json
var description []byte

func describe(*http.Request) response {
	return response{status: http.StatusOK, body: json.RawMessage(description), header: map[string]string{"Cache-Control": "no-cache"}}
}
