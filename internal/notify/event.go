// Package notify tells the outside what happened: it makes events of what is in the outbox, and
// puts them on the event bus. docs/events.md describes them.
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/outbox"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/hookurl"
)

// Source is the source of all events.
const Source = "takeup"

// Type is what an event is about, as its detail-type says it.
type Type string

// The types of events.
const (
	VideoCompleted Type = "Video Completed" // a video is stored
	VideoEnded     Type = "Video Ended"     // a job ended without a video
	BatchFinished  Type = "Batch Finished"  // a run of a batch came to its end
	CapReached     Type = "Cap Reached"     // a cap on money leaves no room
	NeedsAttention Type = "Needs Attention" // something needs a person, though no job ended by it
)

// Event is what is told. Its detail is JSON that has no prompt, no key and no URL that works
// without credentials.
type Event struct {
	ID     string // the same each time that it is told
	Type   Type
	About  any             // a *Video, a *Batch, a *Cap or an *Attention
	Detail json.RawMessage // About, as JSON
	// Webhook is the host of the webhook that the owner gave with the job or the batch; "" if there is
	// none.
	Webhook string
}

// NeedsAttention reports whether an event is about something that a person has to look after.
func (e Event) NeedsAttention() bool {
	switch about := e.About.(type) {
	case *Video:
		return about.Outcome != nil && video.Outcome{Name: about.Outcome.Name}.Kind().NeedsAttention(about.Outcome.Paid)
	case *Batch:
		return about.Videos.Failed > 0
	case *Cap, *Attention:
		return true
	}
	return false
}

// Video is the detail of the events about a job. docs/events.schema.json has its schema.
type Video struct {
	ID        string            `json:"id"`       // the same each time that the ending is told
	VideoID   string            `json:"video_id"` // the job
	N         int               `json:"n"`        // how often the job has ended; the highest is the latest
	Status    video.State       `json:"status"`
	Model     *string           `json:"model"`    // nil for a job without a valid request
	Duration  *int              `json:"duration"` // in seconds, as requested
	CreatedAt time.Time         `json:"created_at"`
	EndedAt   time.Time         `json:"ended_at"`
	Owner     *string           `json:"owner"` // the name of the token
	Batch     *string           `json:"batch"`
	Line      *int              `json:"line"`
	Copy      *int              `json:"copy"`
	Label     *string           `json:"label"`
	Metadata  map[string]string `json:"metadata"`
	Outcome   *Outcome          `json:"outcome"` // nil for a stored video
	Cost      *Cost             `json:"cost"`    // nil where the provider hasn't said
	File      *File             `json:"file"`    // of a stored video
}

// Batch is the detail of the events about a batch. The numbers are those when it is told.
type Batch struct {
	ID        string     `json:"id"` // the same each time that the end is told
	BatchID   string     `json:"batch_id"`
	N         int        `json:"n"` // the number of the run; the highest is the latest
	Name      string     `json:"name"`
	Owner     *string    `json:"owner"`
	CreatedAt time.Time  `json:"created_at"`
	EndedAt   time.Time  `json:"ended_at"`
	Videos    Videos     `json:"videos"`
	Cost      Cost       `json:"cost"`
	Uncertain Cost       `json:"uncertain"` // what may have been charged
	Results   ResultFile `json:"results"`
}

// Videos are the videos of a batch by the states of their jobs.
type Videos struct {
	Stored    int64 `json:"stored"`
	Failed    int64 `json:"failed"`
	Cancelled int64 `json:"cancelled"` // or discarded
	Running   int64 `json:"running"`   // or waiting: redriven since
}

// ResultFile is what became of each video of a batch.
type ResultFile struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
}

// Outcome is how a job ended without a video. The message of the job itself may quote the
// provider, so it isn't told.
type Outcome struct {
	Name       string     `json:"name"`
	Meaning    string     `json:"meaning"`
	ToDo       string     `json:"to_do"`
	Paid       video.Paid `json:"paid"`
	Redrivable bool       `json:"redrivable"`
}

// Cost is what the provider charged.
type Cost struct {
	USD float64 `json:"usd"`
}

// File is a stored video.
type File struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Bytes  int64  `json:"bytes"`
}

// Cap is the detail of the events about a cap.
type Cap struct {
	ID       string    `json:"id"`    // the same each time that it is told
	Limit    string    `json:"limit"` // day, month or owner
	Owner    *string   `json:"owner"` // whose cap it is, of the limit owner
	Cap      Cost      `json:"cap"`
	Held     Cost      `json:"held"` // spent, reserved and uncertain
	At       time.Time `json:"at"`
	ResetsAt time.Time `json:"resets_at"`
	ToDo     string    `json:"to_do"`
}

// Attention is the detail of the events about something that needs a person.
type Attention struct {
	ID      string    `json:"id"`    // the same each time that it is told
	About   string    `json:"about"` // a word for it
	Message string    `json:"message"`
	ToDo    string    `json:"to_do"`
	At      time.Time `json:"at"`
	Count   int       `json:"count"`  // of the videos that it is about
	Videos  []string  `json:"videos"` // the ids of some of them
}

// Jobs has the jobs and the batches that events are about.
type Jobs interface {
	// Batch returns the record of a batch, or a *record.NoBatch.
	Batch(ctx context.Context, id string) (b record.Batch, version string, err error)
	// BatchCounts returns the counters of a batch.
	BatchCounts(ctx context.Context, id string) (record.Counts, error)
	// Get returns a job's entry, or a *video.NoEntry.
	Get(ctx context.Context, id string) (entry video.Entry, version string, err error)
}

// event makes the event of an item.
func event(ctx context.Context, jobs Jobs, bucket string, i outbox.Item) (Event, error) {
	switch i.Kind {
	case outbox.KindBatch:
		return batchFinished(ctx, jobs, bucket, i)
	case outbox.KindCap:
		return capReached(i)
	case outbox.KindAttention:
		a := i.Attention
		return made(NeedsAttention, i.ID(), &Attention{
			ID: i.ID(), About: a.About, Message: a.Message, ToDo: a.ToDo, At: i.Ending.At.UTC(), Count: a.Count, Videos: append([]string{}, a.Videos...),
		})
	}
	return ended(ctx, jobs, bucket, i)
}

func capReached(i outbox.Item) (Event, error) {
	c := i.Cap
	return made(CapReached, i.ID(), &Cap{
		ID: i.ID(), Limit: c.Limit, Owner: given(c.Owner), Cap: Cost{USD: float64(c.Of) / 1e6}, Held: Cost{USD: float64(c.Held) / 1e6},
		At: i.Ending.At.UTC(), ResetsAt: c.ResetsAt.UTC(),
		ToDo: "New videos wait until the cap resets. To raise it: " + budget.Command(c.Limit, c.Owner) + " USD",
	})
}

func batchFinished(ctx context.Context, jobs Jobs, bucket string, i outbox.Item) (Event, error) {
	b, _, err := jobs.Batch(ctx, i.Subject)
	if err != nil {
		return Event{}, err
	}
	counts, err := jobs.BatchCounts(ctx, i.Subject)
	if err != nil {
		return Event{}, err
	}
	of := func(states ...video.State) (n int64) {
		for _, state := range states {
			n += counts.Jobs[string(state)]
		}
		return n
	}
	e, err := made(BatchFinished, i.ID(), &Batch{
		ID: i.ID(), BatchID: b.ID, N: i.Ending.N, Name: b.Name, Owner: given(b.Owner), CreatedAt: b.CreatedAt.UTC(), EndedAt: i.Ending.At.UTC(),
		Videos: Videos{
			Stored: of(video.StateCompleted), Failed: of(video.StateFailed), Cancelled: of(video.StateCancelled, video.StateDiscarded),
			Running: of(video.StateQueued, video.StateGenerating),
		},
		Cost: Cost{USD: float64(counts.Spent) / 1e6}, Uncertain: Cost{USD: float64(counts.Uncertain) / 1e6},
		Results: ResultFile{Bucket: bucket, Key: objectkey.BatchResults(b.ID, "csv")},
	})
	e.Webhook = hookurl.Host(b.Webhook())
	return e, err
}

func made(kind Type, id string, about any) (Event, error) {
	text, err := json.Marshal(about)
	return Event{ID: id, Type: kind, About: about, Detail: text}, err
}

// ended makes the event of a job's ending. The job may have gone on since, so that how it ended is
// taken from the item, and what never changes from the job.
func ended(ctx context.Context, jobs Jobs, bucket string, i outbox.Item) (Event, error) {
	entry, _, err := jobs.Get(ctx, i.Subject)
	if err != nil {
		return Event{}, err
	}
	ending, origin := i.Ending, entry.Origin
	detail := Video{
		ID: i.ID(), VideoID: i.Subject, N: ending.N, Status: ending.State, CreatedAt: entry.CreatedAt.UTC(), EndedAt: ending.At.UTC(),
		Owner: given(origin.Token), Batch: given(origin.Batch), Line: given(origin.Line), Copy: given(origin.Copy), Label: given(origin.Label),
		Model: given(entry.Request.Model()), Duration: given(entry.Request.Duration()), Metadata: entry.Request.Metadata(),
	}
	if detail.Metadata == nil {
		detail.Metadata = map[string]string{}
	}
	if ending.Micros > 0 {
		detail.Cost = &Cost{USD: float64(ending.Micros) / 1e6}
	}
	kind := VideoCompleted
	if ending.State == video.StateCompleted {
		detail.File = &File{Bucket: bucket, Key: objectkey.Video(entry.Locator()), Bytes: ending.Bytes}
	} else {
		kind = VideoEnded
		row := video.Outcome{Name: ending.Outcome}.Kind()
		detail.Outcome = &Outcome{
			Name: ending.Outcome, Meaning: row.Meaning, ToDo: strings.ReplaceAll(row.Advice, "`", ""), Paid: ending.Paid,
			Redrivable: !row.Final && entry.RequestHash != "" && entry.ForgottenAt.IsZero(),
		}
	}
	e, err := made(kind, i.ID(), &detail)
	e.Webhook = hookurl.Host(entry.Request.Webhook())
	return e, err
}

// given returns nil for a zero value.
func given[T comparable](value T) *T {
	if value == *new(T) {
		return nil
	}
	return &value
}

// untellable reports whether an error stays, however often an item is told.
func untellable(err error) bool {
	var unreadable *outbox.Unreadable
	var absent *video.NoEntry
	var noBatch *record.NoBatch
	var refused *Refused
	return errors.As(err, &unreadable) || errors.As(err, &absent) || errors.As(err, &noBatch) || errors.As(err, &refused)
}
