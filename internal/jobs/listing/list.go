// Package listing lists the jobs of a table in pages, and searches their prompts.
package listing

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/jobs/view"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// Query selects a page of jobs. An empty field filters nothing.
type Query struct {
	States []video.State
	Model  string
	Owner  string // name of a token
	Batch  string // id of a batch
	// Metadata has pairs that the jobs must have.
	Metadata map[string]string
	Words    string    // words that the prompt must have, in any case and order
	From     time.Time // created then or later
	To       time.Time // created before
	Limit    int       // at least 1
	Cursor   string    // Next of the page before, or "" for the first page
}

// Page is a page of jobs. It may be short although there are more jobs, but only with a filter
// by model, owner, metadata or words.
type Page struct {
	Views []view.View
	Next  string // cursor of the next page, or "" if there is none
	// Searched is how far back words were searched for. It is zero without words, and if there
	// are no older jobs.
	Searched time.Time
}

// BadCursor is the error for a cursor that no list returned. Nothing was read.
type BadCursor struct{ Reason string }

func (e *BadCursor) Error() string { return "the cursor " + e.Reason }

// Table is what a Lister reads.
type Table interface {
	// Get returns a job's entry, or a *video.NoEntry.
	Get(ctx context.Context, id string) (entry video.Entry, version string, err error)
	// List returns jobs, newest first, and the place before which it continues.
	List(context.Context, table.Query) (jobs []table.Listed, next string, err error)
}

// Lister lists the jobs of a table.
type Lister struct {
	table Table
	now   func() time.Time
}

// New returns a Lister of a table.
func New(table Table, now func() time.Time) Lister { return Lister{table: table, now: now} }

// List returns a page of jobs, newest first, without their requests. A job keeps its place, so
// the pages that follow have each older job once, unless its state changes to one that the query
// excludes. A new job appears among the newest within moments.
//
// The error is a *BadCursor or a *video.ServiceUnavailable.
func (l Lister) List(ctx context.Context, q Query) (Page, error) {
	in := table.Query{States: q.States, Model: q.Model, Owner: q.Owner, Batch: q.Batch, Metadata: q.Metadata, Limit: q.Limit}
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
		in.Before = table.PlaceAfter(l.now())
	}
	read := l.table.List
	if q.Words != "" {
		read = l.search(q.Words)
	}
	listed, next, err := read(ctx, in)
	if err != nil {
		return Page{}, video.Unavailable("listing the jobs", err)
	}
	page := Page{Views: make([]view.View, len(listed))}
	for i, job := range listed {
		charged := video.Paid("") // the indexes don't have the phase of a submission
		if job.Entry.Phase == video.PhaseAccepted {
			charged = video.PaidYes
		}
		page.Views[i] = view.OfListed(job.Entry, job.Brief, charged, l.now())
	}
	if next != "" {
		page.Next = cursor{List: q.list(), Before: next}.String()
		if q.Words != "" {
			page.Searched = table.PlaceTime(next)
		}
	}
	return page, nil
}

// list identifies the list of a query.
func (q Query) list() string {
	parts := []string{q.Model, "", "", url.QueryEscape(q.Words), q.Owner}
	for i, at := range []time.Time{q.From, q.To} {
		if !at.IsZero() {
			parts[i+1] = at.UTC().Format(time.RFC3339Nano)
		}
	}
	if q.Batch != "" {
		parts = append(parts, "batch="+q.Batch)
	}
	for _, key := range slices.Sorted(maps.Keys(q.Metadata)) {
		parts = append(parts, "metadata."+key+"="+url.QueryEscape(q.Metadata[key]))
	}
	for _, state := range q.States {
		parts = append(parts, string(state))
	}
	if key := strings.Join(parts, "|"); strings.Trim(key, "|") != "" {
		return key
	}
	return ""
}

// cursor is the position of a list.
type cursor struct {
	List   string `json:"l,omitempty"` // the list's identity
	Before string `json:"b"`           // a place in the table
}

func (c cursor) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic("listing: a cursor that can't be encoded: " + err.Error()) // two strings can always be encoded
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// readCursor returns the place before which a query continues, or "" for the first page.
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
