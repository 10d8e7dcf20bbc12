package intake

import (
	"encoding/base64"
	"encoding/json"
)

// BadCursor says that a cursor is none of a list's. Nothing was read.
type BadCursor struct{ Reason string }

func (e *BadCursor) Error() string { return "the cursor " + e.Reason }

// cursor is how far a listing has come.
type cursor struct {
	State State  `json:"s,omitempty"` // that it was asked for with
	Token string `json:"t,omitempty"` // of Step Functions' list, which is good for a day
}

func (c cursor) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic("intake: a cursor that can't be encoded: " + err.Error()) // it is two strings
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func readCursor(q Query) (cursor, error) {
	if q.Cursor == "" {
		return cursor{State: q.State}, nil
	}
	var c cursor
	text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil || json.Unmarshal(text, &c) != nil || c.Token == "" {
		return c, &BadCursor{"is not one that this list gave"}
	}
	if c.State != q.State {
		return c, &BadCursor{"is of a list with another status"}
	}
	return c, nil
}
