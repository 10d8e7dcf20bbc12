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
	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/jobs/listing"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// list returns a page of the jobs.
func (a *API) list(r *http.Request) reply.Response {
	q, wrong := listed(r.URL.Query())
	if len(wrong) > 0 {
		return reply.RefuseFields(wrong)
	}
	page, err := a.Jobs.List(r.Context(), q)
	var bad *listing.BadCursor
	switch {
	case errors.As(err, &bad):
		return reply.RefuseField(http.StatusBadRequest, api.ParamCursor, "%s; start again without one", bad.Reason)
	case err != nil:
		return reply.Unavailable("", err, "could not list the videos; try again")
	}
	body := api.VideoList{Videos: make([]api.Video, len(page.Views)), SearchedTo: wire.Time(page.Searched)}
	for i, view := range page.Views {
		if body.Videos[i], err = a.video(r.Context(), view); err != nil {
			return reply.Unavailable("", err, "could not sign the URLs of the videos; try again")
		}
	}
	if page.Next != "" {
		body.Next = &page.Next
	}
	return reply.Response{Status: http.StatusOK, Body: body}
}

// What is wrong with the parameters model and owner.
const (
	unknownModel = "is not one that Takeup knows; GET /models lists them"
	unknownOwner = "is not the name of a token; takeup token list shows them"
)

// longestWords is the greatest length of a search, in characters.
const longestWords = 200

// listed reads the parameters of a list, and names each that is wrong.
func listed(query url.Values) (listing.Query, []video.FieldError) {
	q := listing.Query{Cursor: query.Get(api.ParamCursor)}
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
		if *at, ok = reply.ReadTime(query.Get(name)); !ok && query.Has(name) {
			no(name, "takes a time such as 2026-08-21T12:00:00Z, or a day such as 2026-08-21, which is one in UTC")
		}
	}
	if q.Batch = query.Get(api.ParamBatch); query.Has(api.ParamBatch) && !video.ValidID(q.Batch) {
		no(api.ParamBatch, "is not the id of a batch; GET "+api.BatchesPath+" lists the batches")
	}
	var unusable []video.FieldError
	q.Metadata, unusable = pairsOf(query)
	wrong = append(wrong, unusable...)
	limit, tooMany := reply.ReadLimit(query)
	q.Limit = limit
	wrong = append(append(wrong, tooMany...), reply.CheckCursor(query)...)
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
func words(states []video.State) string {
	names := make([]string, len(states))
	for i, state := range states {
		names[i] = string(state)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}
