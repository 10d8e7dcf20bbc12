package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
)

// probes returns the probes of each role, by its owner. Most invoke the function itself, with
// the event that Step Functions or API Gateway would send.
func (w *world) probes() map[string][]probe {
	return map[string][]probe{
		"SubmitFunction": {
			{"Submit sends a request", w.probeSubmit},
			{"Submit knows a stored video", w.probeResume},
		},
		"CheckFunction": {
			{"Check sees a generation end", w.probeCheck},
			{"Check records a failure", w.probeFailure},
		},
		"StoreFunction": {
			{"Store copies a video", w.probeStore},
			{"Store completes a video without a manifest", w.probeComplete},
			{"Store removes a discarded video", w.probeGivenUp},
		},
		"BatchFunction": {
			{"a batch is planned, its line is run, and its results are written", w.probeBatch},
			{"a batch of a file that can't be used", w.probeBatchRejected},
		},
		"ApiFunction": {
			{"the API starts a job", w.probePost},
			{"the API lists the videos", w.probeList},
			{"the API leaves a running job alone", w.probeRunning},
			{"the API retries a job that waits", w.probeRetry},
			{"the API serves a video", w.probeFile},
			{"the API stores a poster", w.probePoster},
			{"the API removes a video", w.probeRemove},
			{"the API forgets a video", w.probeForget},
			{"the API removes a video that is not recorded yet", w.probeUnrecorded},
			{"the API makes a form", w.probeForm},
			{"the API gives the results of a batch that runs", w.probeBatchResults},
			{"the API makes the results of a batch that has ended again", w.probeBatchRefresh},
			{"the API starts a batch", w.probeBatchStart},
		},
		"AuthorizeFunction": {{"the token is accepted", w.probeToken}},
		"PromptsFunction": {
			{"a prompt file starts a job", w.probeFileStarts},
			{"a prompt file's event comes again", w.probeFileAgain},
			{"a file is rejected", w.probeRejection},
			{"a file of many prompts starts a batch", w.probeBatchFile},
		},
		"SettleFunction": {
			{"a stopped execution is settled", w.probeSettle}, {"a sweep starts a job", w.probeSweep},
		},
		"OutboxFunction": {
			{"an ending is told", w.probeTold}, {"what can't be told is kept", w.probeUntold}, {"a mail is sent", w.probeMailed},
			{"a webhook is queued", w.probeQueued}, {"a webhook to a slow receiver is put aside", w.probeQueuedAside},
		},
		"DeliverFunction": {
			{"a webhook is delivered", w.probeDelivered}, {"a webhook waits for a receiver that is asked", w.probeAsked},
			{"a webhook that is not due waits", w.probeNotDue}, {"a webhook without a receiver is kept", w.probeUndelivered},
		},
		"PricesFunction": {{"the price list and the balance are kept", w.probePrices}},
		"WatchFunction":  {{"the charges and the jobs are looked at", w.probeWatch}},
		"TextToVideo":    {{"an execution stores a video", w.probeExecution}},
		"Batch":          {{"a batch makes a video", w.probeBatchRun}},
	}
}

// invoke returns a function's response. A failure, or a warning or an error in its log, is an
// error.
func (w *world) invoke(ctx context.Context, function string, payload any) ([]byte, error) {
	text, err := json.Marshal(payload)
	if err != nil {
		return nil, err
	}
	name := w.functions[function]
	reply, err := w.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &name, Payload: text, LogType: lambdatypes.LogTypeTail})
	if err != nil {
		return nil, err
	}
	if reply.FunctionError != nil {
		return nil, fmt.Errorf("%s: %s", function, reply.Payload)
	}
	log, err := base64.StdEncoding.DecodeString(value(reply.LogResult))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(log)) {
		var entry struct{ Level string }
		if json.Unmarshal([]byte(line), &entry) == nil && (entry.Level == "WARN" || entry.Level == "ERROR") {
			return nil, fmt.Errorf("%s logs %s", function, line)
		}
	}
	return reply.Payload, nil
}

// fresh returns an unused job id.
func (w *world) fresh() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.probed++
	return fmt.Sprintf("probe-%d", w.probed)
}

// step invokes a step of the pipeline and fails unless it returns a job of that status.
func (w *world) step(ctx context.Context, function string, payload any, want video.Status) (json.RawMessage, error) {
	job, err := w.invoke(ctx, function, payload)
	if err != nil {
		return nil, err
	}
	var got video.Job
	if err := json.Unmarshal(job, &got); err != nil || got.Status != want {
		return nil, fmt.Errorf("%s gives %s (%w)", function, job, err)
	}
	return job, nil
}

func task(id string) map[string]any {
	return map[string]any{"execution": id, "input": map[string]any{"prompt": "a probe called " + id}}
}

// submitted, completed and shelved return a job in that state, made by steps that have all their
// rights.
func (w *world) submitted(t *testing.T, id string, fate script.Fate) json.RawMessage {
	t.Helper()
	w.doom(id, fate)
	job, err := w.step(t.Context(), "SubmitFunction", task(id), video.Generating)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func (w *world) completed(t *testing.T, id string) json.RawMessage {
	t.Helper()
	job, err := w.step(t.Context(), "CheckFunction", w.submitted(t, id, script.Fate{Seconds: new(0.0)}), video.Completed)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func (w *world) shelved(t *testing.T, id string) {
	t.Helper()
	if _, err := w.step(t.Context(), "StoreFunction", w.completed(t, id), video.Stored); err != nil {
		t.Fatal(err)
	}
}

func (w *world) probeSubmit(t *testing.T) error {
	_, err := w.step(t.Context(), "SubmitFunction", task(w.fresh()), video.Generating)
	return err
}

func (w *world) probeResume(t *testing.T) error {
	id := w.fresh()
	w.shelved(t, id)
	_, err := w.step(t.Context(), "SubmitFunction", map[string]any{"execution": id + "-r1", "input": map[string]any{"id": id, "resume": true}}, video.Completed)
	return err
}

// probeCheck has a generation seen while it runs, so that its time is learned.
func (w *world) probeCheck(t *testing.T) error {
	id := w.fresh()
	job := w.submitted(t, id, script.Fate{Outcome: script.OutcomeNever})
	defer w.completeWhenPolled(t, id)()
	_, err := w.step(t.Context(), "CheckFunction", job, video.Completed)
	return err
}

// probeFailure checks what is recorded. The step itself fails in any case.
func (w *world) probeFailure(t *testing.T) error {
	id, seconds := w.fresh(), 0.0
	job := w.submitted(t, id, script.Fate{Seconds: &seconds, Outcome: script.OutcomeError, ErrorName: "Moderation Error"})
	_, err := w.invoke(t.Context(), "CheckFunction", job)
	if err == nil || !strings.Contains(err.Error(), "GenerationFailed") {
		return fmt.Errorf("a generation that failed: %w", err)
	}
	if w.entry(t, id).Outcome == nil {
		return errors.New("the outcome is not recorded")
	}
	return nil
}

func (w *world) probeStore(t *testing.T) error {
	_, err := w.step(t.Context(), "StoreFunction", w.completed(t, w.fresh()), video.Stored)
	return err
}

// probeComplete stores a video whose manifest was lost and which has an open upload.
func (w *world) probeComplete(t *testing.T) error {
	id, bucket := w.fresh(), w.stack.Outputs["VideosBucket"]
	job := w.completed(t, id)
	locator := w.entry(t, id).Locator()
	file, manifest := objectkey.Video(locator), objectkey.Manifest(locator)
	if _, err := w.step(t.Context(), "StoreFunction", job, video.Stored); err != nil {
		return err
	}
	if _, err := w.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &manifest}); err != nil {
		return err
	}
	if _, err := w.s3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &file}); err != nil {
		return err
	}
	if _, err := w.step(t.Context(), "StoreFunction", job, video.Stored); err != nil {
		return err
	}
	open, err := w.s3.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: &file})
	if err != nil {
		return err
	}
	if len(open.Uploads) > 0 {
		return errors.New("an upload is still open")
	}
	return nil
}

// probeGivenUp gives up a video whose execution is still running, and invokes Store in its
// place.
func (w *world) probeGivenUp(t *testing.T) error {
	id := w.fresh()
	job := w.completed(t, id)
	entry, version, err := w.table.Get(t.Context(), id)
	if err != nil {
		return err
	}
	entry.DiscardedAt = entry.SubmittedAt
	if _, _, err := w.table.Update(t.Context(), entry, version); err != nil {
		return err
	}
	_, err = w.invoke(t.Context(), "StoreFunction", job)
	if err == nil || !strings.Contains(err.Error(), "Discarded") {
		return fmt.Errorf("a discarded video: %w", err)
	}
	if w.entry(t, id).Outcome == nil {
		return errors.New("the outcome is not recorded")
	}
	return nil
}

func (w *world) probePost(t *testing.T) error {
	seconds := 0.0
	body, key := fmt.Sprintf(`{"prompt":"a probe called %s"}`, w.fresh()), "Idempotency-Key: "+w.fresh()
	for range 2 { // the second time, the execution is looked up
		job, err := invokeAPI[api.Generation](w, t, http.StatusOK, http.MethodPost, api.GenerationsPath, body, key)
		if err != nil {
			return err
		}
		w.doom(job.ID, script.Fate{Seconds: &seconds})
	}
	return nil
}

func (w *world) probeList(t *testing.T) error {
	_, err := invokeAPI[map[string]any](w, t, http.StatusOK, http.MethodGet, "/videos?limit=3", "")
	return err
}

// probeRunning redrives a job whose execution waits for its video. The redrive is refused.
func (w *world) probeRunning(t *testing.T) error {
	id := w.fresh()
	w.endless(t, id)
	defer w.abort(t, id)
	_, err := invokeAPI[api.Error](w, t, http.StatusConflict, http.MethodPost, api.PathOf(api.RedrivePath, id), "")
	return err
}

// abort stops an execution.
func (w *world) abort(t *testing.T, name string) {
	t.Helper()
	if _, err := w.sfn.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: w.execution(t, name).ExecutionArn}); err != nil {
		t.Error(err)
	}
}

func (w *world) probeFile(t *testing.T) error {
	id := w.fresh()
	w.shelved(t, id)
	got, err := invokeAPI[api.Video](w, t, http.StatusOK, http.MethodGet, api.PathOf(api.VideoPath, id), "")
	if err != nil {
		return err
	}
	if got.Video == nil {
		return errors.New("there is no video")
	}
	if status, _, reply := call(t, http.MethodGet, got.Video.URL, "", ""); status != http.StatusOK {
		return fmt.Errorf("the file: %d, %s", status, reply)
	}
	return nil
}

func (w *world) probeRemove(t *testing.T) error {
	id := w.fresh()
	w.shelved(t, id)
	_, err := invokeAPI[api.Video](w, t, http.StatusOK, http.MethodDelete, api.PathOf(api.VideoPath, id)+"?discard=true", "")
	return err
}

// probeForm uploads a file that is rejected, by a form.
func (w *world) probeForm(t *testing.T) error {
	form, err := invokeAPI[api.Upload](w, t, http.StatusCreated, http.MethodPost, api.UploadsPath, `{"type":"txt"}`)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name, value := range form.Fields {
		if err := parts.WriteField(name, value); err != nil {
			return err
		}
	}
	file, err := parts.CreateFormFile("file", "probe.txt")
	if err == nil {
		_, err = io.WriteString(file, "K\xf6ln")
	}
	if err != nil || parts.Close() != nil {
		return fmt.Errorf("making the form: %w", err)
	}
	if status, _, reply := call(t, http.MethodPost, form.URL, "", body.String(), "Content-Type: "+parts.FormDataContentType()); status >= 300 {
		return fmt.Errorf("the form: %d, %s", status, reply)
	}
	return nil
}

func (w *world) probeToken(t *testing.T) error {
	answer, err := w.invoke(t.Context(), "AuthorizeFunction", events.APIGatewayCustomAuthorizerRequest{
		Type: "TOKEN", AuthorizationToken: "Bearer " + w.stack.Token,
		MethodArn: "arn:aws:execute-api:us-east-1:000000000000:" + w.stack.Outputs["ApiId"] + "/takeup/GET/videos",
	})
	if err == nil && !strings.Contains(string(answer), `"Allow"`) {
		err = fmt.Errorf("the token is refused: %s", answer)
	}
	return err
}

func (w *world) probeFileStarts(t *testing.T) error { return w.deliverOnce(t, w.fresh()+".txt", 1) }

func (w *world) probeFileAgain(t *testing.T) error { return w.deliverOnce(t, w.fresh()+".txt", 2) }

func (w *world) deliverOnce(t *testing.T, key string, times int) error {
	w.upload(t, key, []byte("a probe called "+key))
	event := json.RawMessage(w.event(t, key, w.version(t, key)))
	for range times {
		if _, err := w.invoke(t.Context(), "PromptsFunction", event); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) probeRejection(t *testing.T) error {
	key := w.fresh() + ".png"
	w.upload(t, key, []byte("a picture"))
	if _, err := w.invoke(t.Context(), "PromptsFunction", json.RawMessage(w.event(t, key, w.version(t, key)))); err != nil {
		return err
	}
	if _, ok := w.find(t, "rejected/"+key+".json"); !ok {
		return errors.New("there is no rejection")
	}
	return nil
}

func (w *world) probeExecution(t *testing.T) error {
	id := w.fresh()
	w.startByHand(t, id, fmt.Sprintf(`{"prompt":"a probe called %s"}`, id))
	w.succeeded(t, id)
	return nil
}
