// Package timings keeps how long the last generations took, as
// times/<model>/<seconds>.json in the videos bucket, and forecasts the next one
// from it. All of it is help and none of it is needed: what can't be read or
// written is logged, and never fails what asked.
package timings

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/schedule"
	"github.com/takeup/takeup/internal/video"
)

// Client is what is used of S3.
type Client interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Metrics tells what the provider measured of a model of late; false where it
// measured nothing.
type Metrics interface {
	Metrics(ctx context.Context, model string) (video.Percentiles, bool, error)
}

// patience is the most that one reading, or one writing with its repetitions, may
// take: a job is waiting for it.
const patience = 3 * time.Second

// little is the share of all generations that, seen of one, tells too little of it.
const little = 0.8

// tries is how often a change is written that others' changes got in the way of.
const tries = 3

// Timings reads and writes what is known. It is safe for concurrent use, by many
// processes.
type Timings struct {
	client  Client
	bucket  string
	metrics Metrics // nil: only the built-in prior stands in
	log     *slog.Logger
}

// New makes Timings in a bucket. While fewer than twenty generations are known,
// metrics stands in for them; it may be nil.
func New(client Client, bucket string, metrics Metrics, log *slog.Logger) *Timings {
	return &Timings{client: client, bucket: bucket, metrics: metrics, log: log}
}

// Forecast is what is to be expected of a model's generations of so many seconds.
func (t *Timings) Forecast(ctx context.Context, model string, duration int) schedule.Forecast {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	record, _, err := t.read(ctx, video.TimesKey(model, duration))
	if err != nil {
		t.warn(ctx, "reading", model, duration, err)
	}
	prior := schedule.BuiltIn(duration)
	if len(record.Seen) < schedule.Window && t.metrics != nil {
		measured, ok, err := t.metrics.Metrics(ctx, model)
		if err != nil {
			t.warn(ctx, "asking the provider for", model, duration, err)
		} else if p, usable := schedule.Measured(measured); ok && usable {
			prior = p
		}
	}
	return prior.Learn(record.Seen)
}

// Left is the time until half of the generations that have run for elapsed have
// ended; false where they have run for longer than anything tells.
func (t *Timings) Left(ctx context.Context, model string, duration int, elapsed time.Duration) (time.Duration, bool) {
	return t.Forecast(ctx, model, duration).Left(elapsed)
}

// Usual is the time by which half of the generations end.
func (t *Timings) Usual(ctx context.Context, model string, duration int) (time.Duration, bool) {
	return t.Forecast(ctx, model, duration).Usual(), true
}

// Learn adds what was seen of a generation, in the place of the oldest. What tells
// next to nothing is left out, such as one that a late first look found ended. Of
// what many see at once, some may be lost.
func (t *Timings) Learn(ctx context.Context, model string, duration int, seen schedule.Seen) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	key := video.TimesKey(model, duration)
	for range tries {
		record, version, err := t.read(ctx, key)
		if err != nil {
			t.warn(ctx, "reading", model, duration, err)
			return
		}
		known := schedule.BuiltIn(duration).Learn(record.Seen)
		if known.Done(seen.By)-known.Done(seen.After) > little {
			return
		}
		record.Seen = append(record.Seen, seen)
		record.Seen = record.Seen[max(0, len(record.Seen)-schedule.Window):]
		err = t.write(ctx, key, record, version)
		if err == nil {
			return
		}
		if !refused(err) {
			t.warn(ctx, "writing", model, duration, err)
			return
		}
	}
	t.log.InfoContext(ctx, "timing not kept: others wrote at the same time", "model", model, "duration", duration)
}

func (t *Timings) warn(ctx context.Context, doing, model string, duration int, err error) {
	t.log.WarnContext(ctx, doing+" the timings failed", "model", model, "duration", duration, "error", err.Error())
}

// record is the object: the last generations, oldest first.
type record struct {
	Seen []schedule.Seen
}

// stored is a record as JSON has it: seconds, [after, by] a generation.
type stored struct {
	Seen [][2]float64 `json:"seen"`
}

// parse reads a record. What is not one is as good as none, and is written over.
func parse(data []byte) record {
	var s stored
	var r record
	if json.Unmarshal(data, &s) != nil {
		return r
	}
	for _, pair := range s.Seen[max(0, len(s.Seen)-schedule.Window):] {
		after, by := pair[0], pair[1]
		if !(after >= 0 && by > 0 && after <= by && by <= most) {
			continue
		}
		r.Seen = append(r.Seen, schedule.Seen{After: duration(after), By: duration(by)})
	}
	return r
}

// most is the longest time that is believed, in seconds: a generation of a week.
const most = 7 * 24 * 60 * 60

func (r record) marshal() ([]byte, error) {
	s := stored{Seen: make([][2]float64, len(r.Seen))}
	for i, seen := range r.Seen {
		s.Seen[i] = [2]float64{seconds(seen.After), seconds(seen.By)}
	}
	return json.Marshal(s)
}

// seconds to the tenth: looks are further apart.
func seconds(d time.Duration) float64 { return d.Round(100 * time.Millisecond).Seconds() }

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

// read gives a record and its version, both empty where there is none.
func (t *Timings) read(ctx context.Context, key string) (record, string, error) {
	out, err := t.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &t.bucket, Key: &key})
	var absent *types.NoSuchKey
	if errors.As(err, &absent) {
		return record{}, "", nil
	}
	if err != nil {
		return record{}, "", err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(io.LimitReader(out.Body, maxBytes))
	if err != nil {
		return record{}, "", fmt.Errorf("reading %s: %w", key, err)
	}
	return parse(body), aws.ToString(out.ETag), nil
}

// maxBytes is far more than a record has.
const maxBytes = 64 << 10

func (t *Timings) write(ctx context.Context, key string, r record, version string) error {
	body, err := r.marshal()
	if err != nil {
		return err
	}
	put := &s3.PutObjectInput{
		Bucket: &t.bucket, Key: &key, Body: bytes.NewReader(body), ContentType: aws.String("application/json"),
	}
	if version == "" {
		put.IfNoneMatch = aws.String("*")
	} else {
		put.IfMatch = &version
	}
	_, err = t.client.PutObject(ctx, put)
	return err
}

// refused reports whether the record was changed or removed since it was read, or
// is being changed. The SDK's own second try at a write that went through is refused too:
// one generation then counts twice, which does no harm.
func refused(err error) bool {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) {
		return false
	}
	switch response.HTTPStatusCode() {
	case http.StatusPreconditionFailed, http.StatusConflict, http.StatusNotFound:
		return true
	}
	return false
}
