package server

import (
	_ "embed"
	"encoding/json"
	"net/http"
)

// description is docs/openapi.yaml as JSON. A test writes it, and holds it to that.
//
//go:embed openapi.json
var description []byte

func describe(*http.Request) answer {
	return answer{status: http.StatusOK, body: json.RawMessage(description), header: map[string]string{"Cache-Control": "no-cache"}}
}
