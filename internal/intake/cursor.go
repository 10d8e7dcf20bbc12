package intake

import (
	"encoding/base64"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// BadCursor says that a cursor is none of a list's. Nothing was read.
type BadCursor struct{ Reason string }

func (e *BadCursor) Error() string { return "the cursor " + e.Reason }

// cursor is how far a listing has come.
type cursor struct {
	State State  `json:"s,omitempty"` // that it was asked for with
	Token string `json:"t,omitempty"` // of Step Functions' list
	// After and Name are the start, in microseconds since 1970, and the name of
	// the last execution that was looked at. New ones move the others along, so
	// a place in the list would not do.
	After int64  `json:"a,omitempty"`
	Name  string `json:"n,omitempty"`
}

func (c cursor) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic("intake: a cursor that can't be encoded: " + err.Error()) // it is strings and a number
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func readCursor(q Query) (cursor, error) {
	if q.Cursor == "" {
		return cursor{State: q.State}, nil
	}
	var c cursor
	text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil || json.Unmarshal(text, &c) != nil {
		return c, &BadCursor{"is not one that this list gave"}
	}
	if c.State != q.State {
		return c, &BadCursor{"is of a list with another status"}
	}
	return c, nil
}

// rest gives the executions of a list that come after the last one that was
// looked at, and may be of a job in that state.
func (c cursor) rest(rows []types.ExecutionListItem, state State) []types.ExecutionListItem {
	if i := slices.IndexFunc(rows, func(row types.ExecutionListItem) bool { return *row.Name == c.Name }); i >= 0 {
		rows = rows[i+1:]
	}
	var rest []types.ExecutionListItem
	for _, row := range rows {
		switch {
		case c.Name != "" && row.StartDate.UnixMicro() > c.After:
		case (state == Failed || state == Cancelled) && row.Status == types.ExecutionStatusSucceeded:
		default:
			rest = append(rest, row)
		}
	}
	return rest
}
