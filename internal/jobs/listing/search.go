package listing

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// The limits of a search for one page: how many jobs are examined, how many at a time, and how
// many are read whole because the list has only the beginning of their prompts.
const (
	mostLookedAt = 500
	lookedAtOnce = 100
	wholeAtOnce  = 10
)

// search returns a function that lists the jobs whose prompts have all of the words.
func (l Lister) search(words string) func(context.Context, table.Query) ([]table.Listed, string, error) {
	wanted := strings.Fields(strings.ToLower(words))
	return func(ctx context.Context, q table.Query) (found []table.Listed, next string, err error) {
		most := q.Limit
		q.Limit = lookedAtOnce
		for looked := 0; looked < mostLookedAt; looked += lookedAtOnce {
			jobs, further, err := l.table.List(ctx, q)
			if err != nil {
				return nil, "", err
			}
			has, err := l.have(ctx, jobs, wanted)
			if err != nil {
				return nil, "", err
			}
			for i, job := range jobs {
				if !has[i] {
					continue
				}
				if found = append(found, job); len(found) == most && (i < len(jobs)-1 || further != "") {
					return found, job.Place(), nil
				}
			}
			if next = further; next == "" {
				return found, "", nil
			}
			q.Before = next
		}
		return found, next, nil
	}
}

// have reports for each job whether its prompt has all of the words. If a list has only the
// beginning of a prompt, and a word is missing from that, have reads the job.
func (l Lister) have(ctx context.Context, jobs []table.Listed, words []string) ([]bool, error) {
	has := make([]bool, len(jobs))
	var group errgroup.Group
	group.SetLimit(wholeAtOnce)
	for i, job := range jobs {
		if has[i] = hasAll(job.Brief.Prompt, words); has[i] || utf8.RuneCountInString(job.Brief.Prompt) < video.BriefPrompt {
			continue
		}
		group.Go(func() error {
			entry, _, err := l.table.Get(ctx, job.Entry.ID)
			if absent := (*video.NoEntry)(nil); errors.As(err, &absent) {
				return nil // the job was deleted, and the index is out of date
			} else if err != nil {
				return video.Unavailable("reading the job", err)
			}
			has[i] = hasAll(entry.Request.Text(), words)
			return nil
		})
	}
	return has, group.Wait()
}

// hasAll reports whether a text has all of the words, which must be in lower case.
func hasAll(text string, words []string) bool {
	text = strings.ToLower(text)
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
