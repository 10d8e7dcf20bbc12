package verifyaws

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
)

// waitLimit bounds the wait for a job: an invalid key ends it at once, and a simulated job takes
// seconds.
const waitLimit = 3 * time.Minute

func jobSteps() []step {
	return []step{
		{name: "jobs", checks: "five jobs end, each is listed once by pages of two whose size changes, and one is redriven or says why not", jobs: true, run: (*stack).fiveJobs},
		{name: "odd file names", checks: `a prompt file named "ä +.png" leaves its rejection, and so does an empty one`, jobs: true, run: (*stack).oddFiles},
		{name: "a file that is gone", checks: "the event of a version that was deleted is handled, and nothing is read in its place", jobs: true, run: (*stack).goneFile},
		{name: "a form twice", checks: "an upload form that is used twice starts one job at most", jobs: true, run: (*stack).formTwice},
	}
}

func (s *stack) get(ctx context.Context, path string, into any) error {
	got, err := s.ask(ctx, http.MethodGet, path, nil)
	if err == nil && got.status != http.StatusOK {
		err = otherwise("GET %s: %d, %.300s", path, got.status, got.body)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(got.body, into)
}

// start starts a job with a unique prompt.
func (s *stack) start(ctx context.Context, prompt string) (string, error) {
	got, err := s.ask(ctx, http.MethodPost, api.GenerationsPath, fmt.Appendf(nil, `{"prompt":%q}`, prompt))
	if err == nil && got.status != http.StatusOK {
		err = otherwise("POST: %d, %.300s", got.status, got.body)
	}
	if err != nil {
		return "", err
	}
	var created api.Generation
	err = json.Unmarshal(got.body, &created)
	return created.ID, err
}

// until calls done every second until it returns true.
func (s *stack) until(ctx context.Context, what string, done func(context.Context) (bool, error)) error {
	patient, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if ok, err := done(patient); ok || err != nil {
			return err
		}
		select {
		case <-patient.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return otherwise("%s did not happen within %s", what, waitLimit)
		case <-tick.C:
		}
	}
}

// end waits for a job to end.
func (s *stack) end(ctx context.Context, id string) (api.Video, error) {
	var last api.Video
	err := s.until(ctx, "the end of job "+id, func(ctx context.Context) (bool, error) {
		err := s.get(ctx, api.PathOf(api.VideoPath, id), &last)
		return last.Ended(), err
	})
	return last, err
}

func (s *stack) fiveJobs(ctx context.Context) (string, error) {
	listed, ends, last := map[string]int{}, map[string]int{}, api.Video{}
	for n := range 5 {
		id, err := s.start(ctx, fmt.Sprintf("verify-aws, job %d", n+1))
		if err != nil {
			return "", err
		}
		listed[id] = 0
	}
	for id := range listed {
		var err error
		if last, err = s.end(ctx, id); err != nil {
			return "", err
		}
		how := string(last.Status)
		if last.Error != nil {
			how = last.Error.Name
		}
		ends[how]++
	}
	for cursor, pages, found := "", 0, 0; found < len(listed) && (pages == 0 || cursor != "") && pages < 200; pages++ {
		var page api.VideoList
		if err := s.get(ctx, fmt.Sprintf("/videos?limit=%d%s", 2+pages%2, cursor), &page); err != nil {
			return "", err
		}
		for _, j := range page.Videos {
			if _, ours := listed[j.ID]; ours {
				listed[j.ID]++
				found++
			}
		}
		cursor = ""
		if page.Next != nil {
			cursor = "&cursor=" + url.QueryEscape(*page.Next)
		}
	}
	for id, n := range listed {
		if n != 1 {
			return "", otherwise("job %s is listed %d times", id, n)
		}
	}
	got, err := s.ask(ctx, http.MethodPost, api.PathOf(api.RedrivePath, last.ID), nil)
	switch {
	case err != nil:
		return "", err
	case got.status != http.StatusAccepted && got.status != http.StatusConflict:
		return "", otherwise("a redrive: %d, %.300s", got.status, got.body)
	}
	return fmt.Sprintf("they end as %v; a redrive is answered with %d", ends, got.status), nil
}

// upload puts a file into the prompts bucket and returns its version.
func (s *stack) upload(ctx context.Context, key, content string) (string, error) {
	bucket := s.outputs["PromptsBucket"]
	reply, err := s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader([]byte(content))})
	if err == nil && reply.VersionId == nil {
		err = otherwise("the bucket of prompts keeps no versions")
	}
	if err != nil {
		return "", err
	}
	return *reply.VersionId, nil
}

func (s *stack) oddFiles(ctx context.Context) (string, error) {
	for key, content := range map[string]string{"verify-aws/ä +.png": "no prompt", "verify-aws/empty.txt": ""} {
		version, err := s.upload(ctx, key, content)
		if err != nil {
			return "", err
		}
		if err := s.rejected(ctx, key, version); err != nil {
			return "", err
		}
	}
	return "both were rejected", nil
}

// rejected waits until a version of a prompt file has its rejection.
func (s *stack) rejected(ctx context.Context, key, version string) error {
	return s.until(ctx, "the rejection of "+key, func(ctx context.Context) (bool, error) {
		left, err := s.rejection(ctx, key)
		return left.VersionID == version, err
	})
}

// rejection reads the rejection of a prompt file. It is empty if there is none.
func (s *stack) rejection(ctx context.Context, key string) (bucket.Rejection, error) {
	var left bucket.Rejection
	reply, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: new(s.outputs["VideosBucket"]), Key: new(objectkey.Rejection(key))})
	var none *s3types.NoSuchKey
	if errors.As(err, &none) {
		return left, nil
	}
	if err != nil {
		return left, err
	}
	defer reply.Body.Close()
	err = json.NewDecoder(reply.Body).Decode(&left)
	return left, err
}

// goneFile delivers the event to the function itself, since S3's own comes before the version is
// deleted. The file contains no prompt, so S3's own event starts no job either and leaves only a
// rejection. A newer version stays, and must not be read.
func (s *stack) goneFile(ctx context.Context) (string, error) {
	const key = "verify-aws/gone.txt"
	bucket := s.outputs["PromptsBucket"]
	rejection := objectkey.Rejection(key)
	var version string
	for range 2 {
		newest, err := s.upload(ctx, key, "")
		if err != nil {
			return "", err
		}
		if version == "" {
			version = newest
		}
		if err := s.rejected(ctx, key, newest); err != nil {
			return "", err
		}
	}
	if _, err := s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: new(key), VersionId: &version}); err != nil {
		return "", err
	}
	if _, err := s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: new(s.outputs["VideosBucket"]), Key: &rejection}); err != nil {
		return "", err
	}
	event, err := json.Marshal(events.S3Event{Records: []events.S3EventRecord{{
		EventVersion: "2.1", EventSource: "aws:s3", EventName: "ObjectCreated:Put",
		S3: events.S3Entity{Bucket: events.S3Bucket{Name: bucket}, Object: events.S3Object{Key: url.QueryEscape(key), VersionID: version}},
	}}})
	if err != nil {
		return "", err
	}
	name := s.names["PromptsFunction"]
	reply, err := lambda.NewFromConfig(s.Config).Invoke(ctx, &lambda.InvokeInput{FunctionName: &name, Payload: event})
	if err != nil {
		return "", err
	}
	if reply.FunctionError != nil {
		return "", otherwise("the function failed: %s", reply.Payload)
	}
	// It writes a rejection before it responds, if it read anything.
	left, err := s.rejection(ctx, key)
	if err == nil && left.VersionID == version {
		err = otherwise("it was rejected: %s", left.Reason)
	}
	return "it was handled, and nothing was read", err
}

// formTwice uses one form for two texts and counts the jobs of both.
func (s *stack) formTwice(ctx context.Context) (string, error) {
	got, err := s.ask(ctx, http.MethodPost, api.UploadsPath, []byte(`{"type":"txt"}`))
	if err == nil && got.status != http.StatusCreated {
		err = otherwise("POST /uploads: %d, %.300s", got.status, got.body)
	}
	if err != nil {
		return "", err
	}
	var form api.Upload
	if err := json.Unmarshal(got.body, &form); err != nil {
		return "", err
	}
	mark := fmt.Sprintf("verify-aws, form %s", form.Fields["key"])
	for n := range 2 {
		status, err := s.sendForm(ctx, form.URL, form.Fields, fmt.Sprintf("%s, text %d", mark, n+1))
		if err != nil {
			return "", err
		}
		if status >= http.StatusMultipleChoices {
			return "", otherwise("the form: %d, use %d", status, n+1)
		}
	}
	found := 0
	// A job is listed within moments. A second one would be listed by then.
	err = s.until(ctx, "a job of the form", func(ctx context.Context) (bool, error) {
		var page api.VideoList
		if err := s.get(ctx, "/videos?limit=10", &page); err != nil {
			return false, err
		}
		found = 0
		running := false
		for _, j := range page.Videos {
			if j.Prompt != nil && strings.HasPrefix(*j.Prompt, mark) {
				found++
				running = running || !j.Ended()
			}
		}
		return found > 0 && !running, nil
	})
	if err == nil && found > 1 {
		err = otherwise("it started %d jobs", found)
	}
	return fmt.Sprintf("it started %d job", found), err
}

func (s *stack) sendForm(ctx context.Context, to string, fields map[string]string, content string) (int, error) {
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := parts.WriteField(name, value); err != nil {
			return 0, err
		}
	}
	file, err := parts.CreateFormFile("file", "prompt.txt")
	if err == nil {
		_, err = io.WriteString(file, content)
	}
	if err == nil {
		err = parts.Close()
	}
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, &body)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", parts.FormDataContentType())
	got, err := s.send(r)
	return got.status, err
}
