package api

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/takeup/takeup/internal/video"
)

// Error is the reply to every request that is refused.
type Error struct {
	Message    Message            `json:"message"`
	Fields     []video.FieldError `json:"errors,omitempty"` // each wrong field, parameter or header
	Path       string             `json:"path"`
	RequestID  string             `json:"requestId"`
	StatusCode int                `json:"statusCode"`
	Timestamp  string             `json:"timestamp"`
}

// Message says what was wrong and what to do. In JSON it is Text, or the array List
// where Text is empty.
type Message struct {
	Text string
	List []string // one for each wrong field
}

// Texts returns the list, or the one text, or none.
func (m Message) Texts() []string {
	if m.Text == "" {
		return m.List
	}
	return []string{m.Text}
}

// String returns the texts, one in a line.
func (m Message) String() string { return strings.Join(m.Texts(), "\n") }

// MarshalJSON implements json.Marshaler. Whether <, > and & are escaped is left to the
// encoder around it.
func (m Message) MarshalJSON() ([]byte, error) {
	var value any = m.Text
	if m.Text == "" {
		value = m.List
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return b.Bytes(), err
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Message) UnmarshalJSON(data []byte) error {
	*m = Message{}
	if json.Unmarshal(data, &m.Text) == nil {
		return nil
	}
	return json.Unmarshal(data, &m.List)
}
