package invoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/video"
)

// Objects lists and writes prompt files.
type Objects interface {
	s3.ListObjectVersionsAPIClient
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// Jobs reads the table.
type Jobs interface {
	Get(ctx context.Context, id string) (video.Entry, string, error)
}

// Manifests reports which jobs have a stored video.
type Manifests interface {
	Manifest(ctx context.Context, job video.Locator) (video.Manifest, bool, error)
}

// Filler fills in sample events from a stack.
type Filler struct {
	// Samples is the directory of the sample events.
	Samples   string
	Region    string
	Token     func(context.Context) (string, error)
	Objects   Objects
	Bucket    string // of the prompt files
	Jobs      Jobs
	Manifests Manifests
	// Job is the job for Check and Store. If it is empty, they get that of the samples.
	Job string
	// Run runs a function, so that an event can be made from its result. It is set only if videos
	// cost nothing. Without it nothing is started or uploaded.
	Run func(ctx context.Context, name string, event []byte) ([]byte, error)
	Now func() time.Time
}

// Lacking says what is missing to fill in an event.
type Lacking struct{ What, Fix string }

func (e *Lacking) Error() string { return e.What + "; " + e.Fix }

// Event returns the event for a function, by its short name. The error is a *Lacking if the
// stack has nothing to fill it in with.
func (f *Filler) Event(ctx context.Context, name string) ([]byte, error) {
	switch name {
	case "authorize":
		return f.authorize(ctx)
	case "prompts":
		return f.prompts(ctx)
	case "check":
		return f.check(ctx)
	case "store":
		return f.store(ctx)
	}
	return f.sample(name)
}

func (f *Filler) sample(name string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(f.Samples, name+".json"))
	if err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	return text, nil
}

func (f *Filler) authorize(ctx context.Context) ([]byte, error) {
	event, err := f.object("authorize")
	if err != nil {
		return nil, err
	}
	token, err := f.Token(ctx)
	if err != nil {
		return nil, err
	}
	event["authorizationToken"] = "Bearer " + token
	return json.Marshal(event)
}

func (f *Filler) object(name string) (map[string]any, error) {
	text, err := f.sample(name)
	if err != nil {
		return nil, err
	}
	var event map[string]any
	if err := json.Unmarshal(text, &event); err != nil {
		return nil, fmt.Errorf("reading the event %s: %w", name, err)
	}
	return event, nil
}

// prompts returns the event of the latest uploaded prompt file.
func (f *Filler) prompts(ctx context.Context) ([]byte, error) {
	file, err := f.newest(ctx)
	if err != nil {
		return nil, err
	}
	if file == nil && f.Run != nil {
		const key = "evening/a paper boat.txt"
		if _, err := f.Objects.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &f.Bucket, Key: aws.String(key), Body: strings.NewReader("a paper boat crosses a flooded street"),
		}); err != nil {
			return nil, fmt.Errorf("uploading a prompt file: %w", err)
		}
		if file, err = f.newest(ctx); err != nil {
			return nil, err
		}
	}
	if file == nil {
		return nil, &Lacking{"the prompts bucket " + f.Bucket + " has no file", "upload one, or give an event of your own"}
	}
	event, err := f.object("prompts")
	if err != nil {
		return nil, err
	}
	records, _ := event["Records"].([]any)
	if len(records) != 1 {
		return nil, errors.New("the event prompts.json does not have exactly one record")
	}
	record, _ := records[0].(map[string]any)
	record["awsRegion"] = f.Region
	record["s3"] = map[string]any{
		"s3SchemaVersion": "1.0",
		"bucket":          map[string]any{"name": f.Bucket, "arn": "arn:aws:s3:::" + f.Bucket},
		"object": map[string]any{
			// As S3 writes keys in events, with slashes unescaped.
			"key":       strings.ReplaceAll(url.QueryEscape(aws.ToString(file.Key)), "%2F", "/"),
			"size":      aws.ToInt64(file.Size),
			"eTag":      strings.Trim(aws.ToString(file.ETag), `"`),
			"versionId": aws.ToString(file.VersionId),
		},
	}
	return json.Marshal(event)
}

// newest returns the latest uploaded version, or nil.
func (f *Filler) newest(ctx context.Context) (*types.ObjectVersion, error) {
	var last *types.ObjectVersion
	pages := s3.NewListObjectVersionsPaginator(f.Objects, &s3.ListObjectVersionsInput{Bucket: &f.Bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the prompts bucket, for which your AWS credentials need s3:ListBucketVersions: %w", err)
		}
		for i := range page.Versions {
			if v := &page.Versions[i]; last == nil || aws.ToTime(v.LastModified).After(aws.ToTime(last.LastModified)) {
				last = v
			}
		}
	}
	return last, nil
}

func (f *Filler) check(ctx context.Context) ([]byte, error) {
	job, err := f.job(ctx)
	if err != nil {
		return nil, err
	}
	return json.Marshal(job)
}

// maxChecks is how often Check is run for a generation that is to be stored.
const maxChecks = 10

// store returns the event of a job whose generation has completed.
func (f *Filler) store(ctx context.Context) ([]byte, error) {
	job, err := f.job(ctx)
	if err != nil {
		return nil, err
	}
	if f.Run == nil {
		// If it hasn't completed, Store says so.
		job.Status, job.CompletedAt = video.Completed, f.Now()
		return json.Marshal(job)
	}
	event, err := json.Marshal(job)
	for range maxChecks {
		if err != nil {
			return nil, err
		}
		if event, err = f.Run(ctx, "check", event); err == nil && status(event) == video.Completed {
			return event, nil
		}
	}
	return nil, errors.Join(err, &Lacking{"the generation of job " + job.ID + " is not done yet", "try again later"})
}

// job returns a job that the provider has accepted and that has not ended. If there is none and
// a video costs nothing, Submit creates it.
func (f *Filler) job(ctx context.Context) (video.Job, error) {
	event, err := f.object("submit")
	if err != nil {
		return video.Job{}, err
	}
	id := f.Job
	if id == "" {
		id, _ = event["execution"].(string)
	}
	entry, _, err := f.Jobs.Get(ctx, id)
	var none *video.NoEntry
	if err != nil && !errors.As(err, &none) {
		return video.Job{}, err
	}
	absent := err != nil
	lacks, err := f.lacks(ctx, entry, absent, id)
	if err != nil || lacks == nil {
		return entry.Job(video.Generating, 1), err
	}
	if f.Run == nil || f.Job != "" {
		return video.Job{}, lacks
	}
	if !absent {
		id += f.Now().UTC().Format("-20060102T150405")
	}
	event["execution"] = id
	text, err := json.Marshal(event)
	if err != nil {
		return video.Job{}, err
	}
	answer, err := f.Run(ctx, "submit", text)
	if err != nil {
		return video.Job{}, err
	}
	var job video.Job
	if err := json.Unmarshal(answer, &job); err != nil {
		return video.Job{}, fmt.Errorf("reading submit's result: %w", err)
	}
	if job.Status != video.Generating {
		return video.Job{}, &Lacking{fmt.Sprintf("job %s is %s, and has no generation yet", id, job.Status), "try again later"}
	}
	return job, nil
}

// lacks returns why Check and Store can't use a job, or nil.
func (f *Filler) lacks(ctx context.Context, entry video.Entry, absent bool, id string) (*Lacking, error) {
	const fix = "name another one, or invoke submit first"
	switch {
	case absent:
		return &Lacking{"there is no job " + id, fix}, nil
	case entry.Outcome != nil:
		return &Lacking{"job " + id + " has ended with " + entry.Outcome.Name, fix}, nil
	case entry.Phase != video.PhaseAccepted:
		return &Lacking{"job " + id + " has no generation yet", fix}, nil
	}
	_, stored, err := f.Manifests.Manifest(ctx, entry.Locator())
	if err != nil {
		return nil, err
	}
	if stored {
		return &Lacking{"the video of job " + id + " is stored already", fix}, nil
	}
	return nil, nil
}

func status(event []byte) video.Status {
	var job video.Job
	if json.Unmarshal(event, &job) != nil {
		return ""
	}
	return job.Status
}
