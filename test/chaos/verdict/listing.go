package verdict

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/wait"
	"github.com/takeup/takeup/test/chaos/world"
)

// rest is how long a job may be missing from a list after everything is at rest.
const rest = time.Minute

// windows is the number of parts into which the time of a run is divided for listing.
const windows = 4

// list is a way of listing, and the jobs that it must show.
type list struct {
	name  string
	query url.Values
	has   func(video.Entry) bool
}

// checkLists looks for each job in each list.
func checkLists(ctx context.Context, w *world.World, r *Result) error {
	entries := map[*world.Job]video.Entry{}
	first, last := time.Now(), time.Time{}
	for _, j := range w.Jobs {
		entry, err := w.Entry(ctx, j.ID)
		if err != nil {
			return err
		}
		if entry == nil && j.Last() != nil && j.Last().Unbegun {
			continue
		}
		if entry == nil {
			r.add(unlisted, j, "the table doesn't have it")
			continue
		}
		entries[j] = *entry
		if first.After(entry.CreatedAt) {
			first = entry.CreatedAt
		}
		if last.Before(entry.CreatedAt) {
			last = entry.CreatedAt
		}
	}
	missing := map[*world.Job]string{}
	lists := listsOf(first, last)
	for _, b := range w.Batches {
		lists = append(lists, list{"by batch", url.Values{api.ParamBatch: {b.ID}}, func(e video.Entry) bool { return e.Origin.Batch == b.ID }})
	}
	for _, l := range lists {
		for began := time.Now(); ; {
			shown, err := shown(ctx, w, l)
			if err != nil {
				return fmt.Errorf("listing %s: %w", l.name, err)
			}
			none := true
			for j, entry := range entries {
				if l.has(entry) && !shown[j.ID] {
					none = false
				}
			}
			if none || time.Since(began) > rest {
				for j, entry := range entries {
					if l.has(entry) && !shown[j.ID] {
						missing[j] += ", " + l.name
					}
				}
				break
			}
			if err := wait.For(ctx, time.Second); err != nil {
				return err
			}
		}
	}
	for j, lists := range missing {
		r.add(unlisted, j, "it is %s, and isn't listed%s", entries[j].State(), lists)
	}
	return nil
}

// listsOf returns the lists that show jobs which were created in a period.
func listsOf(first, last time.Time) []list {
	lists := []list{
		{"all", url.Values{}, func(video.Entry) bool { return true }},
		{"by words", url.Values{api.ParamWords: {world.CanaryPrompt}}, func(e video.Entry) bool { return e.RequestHash != "" }},
	}
	for _, state := range video.States() {
		lists = append(lists, list{"by status", url.Values{api.ParamStatus: {string(state)}}, func(e video.Entry) bool { return e.State() == state }})
	}
	for _, name := range all.Models().Names() {
		lists = append(lists, list{"by model", url.Values{api.ParamModel: {name}}, func(e video.Entry) bool { return e.RequestHash != "" && e.Request.Model() == name }})
	}
	part := last.Sub(first)/windows + time.Second
	for n := range time.Duration(windows) {
		from, to := first.Add(n*part), first.Add((n+1)*part)
		lists = append(lists, list{
			"by time", url.Values{api.ParamFrom: {from.UTC().Format(time.RFC3339Nano)}, api.ParamTo: {to.UTC().Format(time.RFC3339Nano)}},
			func(e video.Entry) bool { return !e.CreatedAt.Before(from) && e.CreatedAt.Before(to) },
		})
	}
	return lists
}

// shown returns the ids that a list shows, over all its pages.
func shown(ctx context.Context, w *world.World, l list) (map[string]bool, error) {
	ids := map[string]bool{}
	query := url.Values{api.ParamLimit: {"50"}}
	for name, values := range l.query {
		query[name] = values
	}
	for {
		var page api.VideoList
		if err := w.Get(ctx, api.VideosPath+"?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		for _, v := range page.Videos {
			if ids[v.ID] {
				w.Unexpected("the list %s shows %s twice", l.name, v.ID)
			}
			ids[v.ID] = true
		}
		if page.Next == nil {
			return ids, nil
		}
		query.Set(api.ParamCursor, *page.Next)
	}
}
