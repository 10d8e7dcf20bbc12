package server

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// defaultPage is how many videos or batches a page has unless the query says.
const defaultPage = 20

// list returns a page of the jobs.
func (a *API) list(r *http.Request) response {
	q, wrong := listed(r.URL.Query())
	if len(wrong) > 0 {
		return refuseFields(wrong)
	}
	page, err := a.Jobs.List(r.Context(), q)
	var bad *jobs.BadCursor
	switch {
	case errors.As(err, &bad):
		return refuseField(http.StatusBadRequest, api.ParamCursor, "%s; start again without one", bad.Reason)
	case err != nil:
		return unavailable("", err, "could not list the videos; try again")
	}
	body := api.VideoList{Videos: make([]api.Video, len(page.Views)), SearchedTo: wire.Time(page.Searched)}
	for i, view := range page.Views {
		if body.Videos[i], err = a.video(r.Context(), view); err != nil {
			return unavailable("", err, "could not sign the URLs of the videos; try again")
		}
	}
	if page.Next != "" {
		body.Next = &page.Next
	}
	return response{status: http.StatusOK, body: body}
}

// What is wrong with the parameters model and owner.
const (
	unknownModel = "is not one that Takeup knows; GET /models lists them"
	unknownOwner = "is not the name of a token; takeup token list shows them"
)

// longestWords is the greatest length of a search, in characters.
const longestWords = 200

// listed reads the parameters of a list, and names each that is wrong.
func listed(query url.Values) (jobs.Query, []video.FieldError) {
	q := jobs.Query{Cursor: query.Get(api.ParamCursor)}
	var wrong []video.FieldError
	no := func(field, message string) { wrong = append(wrong, video.FieldError{Field: field, Message: message}) }
	if query.Has(api.ParamStatus) {
		switch state := video.State(query.Get(api.ParamStatus)); {
		case slices.Contains(video.States(), state):
			q.States = []video.State{state}
		case state == api.Running:
			q.States = []video.State{video.StateQueued, video.StateGenerating}
		default:
			no(api.ParamStatus, "is not a status; it takes "+words(video.States())+"; or "+api.Running+", for those that are queued or generating")
		}
	}
	if query.Has(api.ParamModel) {
		model, ok := all.Models().Find(query.Get(api.ParamModel))
		if !ok {
			no(api.ParamModel, unknownModel)
		}
		q.Model = model.Name
	}
	if q.Owner = query.Get(api.ParamOwner); query.Has(api.ParamOwner) && !tokens.ValidName(q.Owner) {
		no(api.ParamOwner, unknownOwner)
	}
	if q.Words = strings.TrimSpace(query.Get(api.ParamWords)); query.Has(api.ParamWords) && (q.Words == "" || utf8.RuneCountInString(q.Words) > longestWords || !utf8.ValidString(q.Words)) {
		no(api.ParamWords, "takes words of the prompt, of 1 to "+strconv.Itoa(longestWords)+" characters")
	}
	for name, at := range map[string]*time.Time{api.ParamFrom: &q.From, api.ParamTo: &q.To} {
		var ok bool
		if *at, ok = moment(query.Get(name)); !ok && query.Has(name) {
			no(name, "takes a time such as 2026-08-21T12:00:00Z, or a day such as 2026-08-21, which is one in UTC")
		}
	}
	if q.Batch = query.Get(api.ParamBatch); query.Has(api.ParamBatch) && !video.ValidID(q.Batch) {
		no(api.ParamBatch, "is not the id of a batch; GET "+api.BatchesPath+" lists the batches")
	}
	var unusable []video.FieldError
	q.Metadata, unusable = pairsOf(query)
	wrong = append(wrong, unusable...)
	limit, tooMany := limitOf(query)
	q.Limit = limit
	wrong = append(append(wrong, tooMany...), cursorOf(query)...)
	slices.SortStableFunc(wrong, func(a, b video.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return q, wrong
}

// pairsOf reads the pairs of metadata that the jobs must have.
func pairsOf(query url.Values) (map[string]string, []video.FieldError) {
	given := map[string]any{}
	var wrong []video.FieldError
	for name, values := range query {
		key, ok := strings.CutPrefix(name, api.ParamMetadata+".")
		switch {
		case !ok:
		case len(values) > 1:
			wrong = append(wrong, video.FieldError{Field: name, Message: "is given twice, and a job has one value of it; give it once"})
		default:
			given[key] = values[0]
		}
	}
	if len(given) == 0 {
		return nil, wrong
	}
	p := catalogue.Metadata()
	checked, more := p.Value(p.Name, given)
	written, _ := checked.(map[string]any)
	pairs := map[string]string{}
	for key, value := range written {
		pairs[key], _ = value.(string)
	}
	return pairs, append(wrong, more...)
}

// limitOf reads how many elements a page has.
func limitOf(query url.Values) (int, []video.FieldError) {
	if !query.Has(api.ParamLimit) {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(query.Get(api.ParamLimit))
	if err != nil || n < 1 || n > api.MaxPage {
		return 0, []video.FieldError{{Field: api.ParamLimit, Message: "takes a whole number from 1 to " + strconv.Itoa(api.MaxPage)}}
	}
	return n, nil
}

// cursorOf names an empty cursor as wrong.
func cursorOf(query url.Values) []video.FieldError {
	if query.Has(api.ParamCursor) && query.Get(api.ParamCursor) == "" {
		return []video.FieldError{{Field: api.ParamCursor, Message: "is empty; leave it out to start with the newest"}}
	}
	return nil
}

// moment reads a time, or the beginning of a day in UTC. The year has four digits.
func moment(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if at, err := time.Parse(layout, s); err == nil && at.UTC().Year() > 0 && at.UTC().Year() < 10000 {
			return at, true
		}
	}
	return time.Time{}, false
}

func words(states []video.State) string {
	names := make([]string, len(states))
	for i, state := range states {
		names[i] = string(state)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}
