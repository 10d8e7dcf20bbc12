package jobs

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// Query is what a page of jobs is asked for by. What is empty leaves out none.
type Query struct {
	States []video.State
	Model  string
	Owner  string    // the name of a token
	Words  string    // all of which the prompt has, in any case and order
	From   time.Time // created then or later
	To     time.Time // created before
	Limit  int       // at least 1
	Cursor string    // Next of the page before; empty: the first
}

// Page is some of the jobs. It may be short while there are more only where it is
// asked for by model, owner or words.
type Page struct {
	Views []View
	Next  string // the cursor of the next page; empty: there is none
	// Searched is how far back words were looked for; zero where none were, or where
	// there is nothing further back.
	Searched time.Time
}

// BadCursor says that a cursor is none of a list's. Nothing was read.
type BadCursor struct{ Reason string }

func (e *BadCursor) Error() string { return "the cursor " + e.Reason }

// List gives a page of the jobs, newest first, each without its request. A job stays
// at its place, so that the pages after one have each older job once, unless it comes
// to another state than those that are asked for. A new job is among the newest
// within moments.
//
// The errors are *BadCursor and *video.ServiceUnavailable.
func (s *Service) List(ctx context.Context, q Query) (Page, error) {
	in := table.Query{States: q.States, Model: q.Model, Owner: q.Owner, Limit: q.Limit}
	if !q.From.IsZero() {
		in.After = table.PlaceBefore(q.From)
	}
	switch at, err := readCursor(q); {
	case err != nil:
		return Page{}, err
	case at != "":
		in.Before = at
	case !q.To.IsZero():
		in.Before = table.PlaceBefore(q.To)
	default:
		in.Before = table.PlaceAfter(s.now())
	}
	read := s.table.List
	if q.Words != "" {
		read = s.search(q.Words)
	}
	listed, next, err := read(ctx, in)
	if err != nil {
		return Page{}, unavailable("listing the jobs", err)
	}
	page := Page{Views: make([]View, len(listed))}
	for i, job := range listed {
		charged := video.Paid("") // the indexes don't have how far a submission has come
		if job.Entry.Phase == video.PhaseAccepted {
			charged = video.PaidYes
		}
		page.Views[i] = s.briefView(job.Entry, job.Brief, charged)
	}
	if next != "" {
		page.Next = cursor{List: q.list(), Before: next}.String()
		if q.Words != "" {
			page.Searched = table.PlaceTime(next)
		}
	}
	return page, nil
}

// list tells one list from another.
func (q Query) list() string {
	parts := []string{q.Model, "", "", url.QueryEscape(q.Words), q.Owner}
	for i, at := range []time.Time{q.From, q.To} {
		if !at.IsZero() {
			parts[i+1] = at.UTC().Format(time.RFC3339Nano)
		}
	}
	for _, state := range q.States {
		parts = append(parts, string(state))
	}
	if key := strings.Join(parts, "|"); strings.Trim(key, "|") != "" {
		return key
	}
	return ""
}

// cursor is how far a listing has come.
type cursor struct {
	List   string `json:"l,omitempty"` // that it is of
	Before string `json:"b"`           // a place in the table
}

func (c cursor) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic("jobs: a cursor that can't be encoded: " + err.Error()) // it is two strings
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// readCursor gives the place that a query goes on before; empty for a first page.
func readCursor(q Query) (string, error) {
	if q.Cursor == "" {
		return "", nil
	}
	var c cursor
	text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil || json.Unmarshal(text, &c) != nil || !table.IsPlace(c.Before) {
		return "", &BadCursor{"is not one that this list gave"}
	}
	if c.List != q.list() {
		return "", &BadCursor{"is of a list with other filters"}
	}
	return c.Before, nil
}
