package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/internal/wait"
)

// patience is how often a sender tries, half a second apart: a client of the API
// and a redelivered event do.
const patience = 60

// grace is for how long both keys are good.
const grace = 5 * time.Second

// sendAll sends the jobs, as many at once as the options say, exchanges the key
// in the middle, and waits until every execution has ended.
func (w *world) sendAll(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, w.o.limit(len(w.jobs)))
	defer stop()
	watching, done := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() { watched <- w.watch(watching) }()
	var sending sync.WaitGroup
	var err error
	for i, j := range w.jobs {
		if i == len(w.jobs)/2 {
			if err = w.exchangeKey(ctx); err != nil {
				break
			}
		}
		select {
		case w.slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		before := w.jobs[max(0, i-len(triggers))] // a file of the same kind
		sending.Go(func() { w.send(ctx, j, before) })
	}
	sending.Wait()
	if err == nil {
		w.drain(ctx)
	}
	done()
	return errors.Join(err, <-watched)
}

// exchangeKey puts another key into the secret. The old one is good for a while
// yet, and then reads records only.
func (w *world) exchangeKey(ctx context.Context) error {
	secret := w.stack.Outputs["ProviderKeySecret"]
	_, err := w.keys.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &secret, SecretString: new(secondKey)})
	w.provider.retire(time.Now().Add(grace))
	w.plan.note("key", "exchanged in mid-run", "")
	return err
}

// send gives a job in by its trigger, and for some more than once. A job that
// can't be given in keeps its slot until the deadline: it is unfinished.
func (w *world) send(ctx context.Context, j, before *job) {
	j.began = time.Now()
	w.arm(ctx, j)
	var err error
	switch j.trigger {
	case byAPI, byAPIAgain:
		w.name(j, jobs.IDFromKey("api", tokens.Default, w.key(j)))
		w.follow(j, true)
		var posts sync.WaitGroup
		if j.trigger == byAPIAgain {
			posts.Go(func() { w.repeat(ctx, "posting again", j, w.post) })
		}
		err = w.post(ctx, j)
		posts.Wait()
	case byText, byJSON:
		if err = w.upload(ctx, j); err != nil {
			break
		}
		w.follow(j, true)
		// Its event again, after one that is older.
		if before != j && w.uploaded(before) {
			w.repeat(ctx, "delivering an older event", before, w.deliver)
		}
		if err = w.deliver(ctx, j); err != nil {
			break
		}
		// A copy of it is no other request.
		switch at := w.plan.roll("copied", j.name); {
		case at < 0.2:
			w.repeat(ctx, "copied onto itself", j, func(ctx context.Context, j *job) error { return w.copy(ctx, promptKey(j), promptKey(j)) })
		case at < 0.4:
			w.repeat(ctx, "copied to another key", j, func(ctx context.Context, j *job) error { return w.copy(ctx, promptKey(j), "done/"+promptKey(j)) })
		case at < 0.5:
			w.repeat(ctx, "uploaded again", j, w.upload)
		}
	case byHand:
		w.name(j, fmt.Sprintf("hand-%d-%s", w.o.Seed, j.name))
		w.follow(j, true)
		err = w.start(ctx, j.id, string(w.request(j)))
	}
	if err != nil && ctx.Err() == nil {
		w.oddly("job %s could not be sent: %v", j.name, err)
	}
}

// name gives a job its id.
func (w *world) name(j *job, id string) {
	w.names.add(id, j.name)
	w.mu.Lock()
	defer w.mu.Unlock()
	j.id = id
}

// repeat does what mustn't change anything.
func (w *world) repeat(ctx context.Context, what string, j *job, do func(context.Context, *job) error) {
	w.plan.note("event", what, j.name)
	if err := do(ctx, j); err != nil && ctx.Err() == nil {
		w.oddly("%s for %s: %v", what, j.name, err)
	}
}

// sendAgain sends all that has an identity of its own once more, the last first,
// when their jobs have ended. Those that were interrupted before they were submitted
// begin anew by it.
func (w *world) sendAgain(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, w.o.limit(len(w.jobs)))
	defer stop()
	var sending sync.WaitGroup
	few := make(chan struct{}, 8)
	for i := len(w.jobs) - 1; i >= 0; i-- {
		j := w.jobs[i]
		do := w.deliver
		switch {
		case j.trigger == byAPIAgain:
			do = w.post
		case j.version == "" || i%2 == 0:
			continue
		}
		few <- struct{}{}
		sending.Go(func() {
			defer func() { <-few }()
			w.repeat(ctx, "sent again after the end", j, do)
			if j.last() != nil && j.last().name() == interrupted {
				w.again(ctx, j)
				w.follow(j, false)
			}
		})
	}
	sending.Wait()
	return w.awaitEnds(ctx)
}

// again begins another round of a job.
func (w *world) again(ctx context.Context, j *job) {
	w.mu.Lock()
	j.rounds = append(j.rounds, &round{})
	w.mu.Unlock()
	w.arm(ctx, j)
}

// awaitEnds waits until every job that is followed has ended.
func (w *world) awaitEnds(ctx context.Context) error {
	watching, done := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() { watched <- w.watch(watching) }()
	w.drain(ctx)
	done()
	return <-watched
}

func (w *world) key(j *job) string { return fmt.Sprintf("chaos-%d-%s", w.o.Seed, j.name) }

func (w *world) request(j *job) []byte {
	body, err := json.Marshal(map[string]any{"prompt": canaryPrompt + j.name, "duration": 5})
	if err != nil {
		panic(err) // it is made of two plain values
	}
	return body
}

// persist tries until it goes, as often as patience says.
func persist(ctx context.Context, try func() error) error {
	var err error
	for range patience {
		if err = try(); err == nil {
			return nil
		}
		if err := wait.For(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
	return err
}

// post sends a job by the API, as a client does that sends again what wasn't
// answered.
func (w *world) post(ctx context.Context, j *job) error {
	return persist(ctx, func() error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.stack.API+api.GenerationsPath, bytes.NewReader(w.request(j)))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+w.stack.Token)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set(api.IdempotencyKeyHeader, w.key(j))
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		var said api.Generation
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d: %s", response.StatusCode, body)
		}
		if err := json.Unmarshal(body, &said); err != nil || said.ID != j.id {
			w.oddly("the API gave %s for job %s, which is %s", body, j.name, j.id)
		}
		return nil
	})
}

func promptKey(j *job) string { return "chaos/" + j.name + "." + j.trigger }

// upload puts a prompt file into its bucket, which starts the job.
func (w *world) upload(ctx context.Context, j *job) error {
	content := w.request(j)
	if j.trigger == byText {
		content = []byte(canaryPrompt + j.name + "\n")
	}
	bucket, key, sum := w.stack.Outputs["PromptsBucket"], promptKey(j), promptfile.Sum(content)
	id := promptfile.JobID(bucket, key, sum)
	w.names.add(id, j.name)
	w.names.add(sum, j.name)
	reply, err := w.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(content)})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if j.version == "" { // of any upload; the first is the job's
		j.id, j.version = id, *reply.VersionId
	}
	return nil
}

// copy copies a file within the prompts bucket.
func (w *world) copy(ctx context.Context, from, to string) error {
	bucket := w.stack.Outputs["PromptsBucket"]
	source := bucket + "/" + from
	_, err := w.s3.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &bucket, Key: &to, CopySource: &source,
		MetadataDirective: types.MetadataDirectiveReplace, Metadata: map[string]string{"copied": "again"},
	})
	return err
}

// uploaded reports whether a job's file has its version by now.
func (w *world) uploaded(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return j.version != ""
}

// deliver gives PromptsFunction the event of a file.
func (w *world) deliver(ctx context.Context, j *job) error {
	event, err := json.Marshal(events.S3Event{Records: []events.S3EventRecord{{
		EventVersion: "2.1", EventSource: "aws:s3", EventName: "ObjectCreated:Put",
		S3: events.S3Entity{
			Bucket: events.S3Bucket{Name: w.stack.Outputs["PromptsBucket"]},
			Object: events.S3Object{Key: url.QueryEscape(promptKey(j)), VersionID: j.version},
		},
	}}})
	if err != nil {
		return err
	}
	return persist(ctx, func() error { return invoke(ctx, w.lambda, w.functions["PromptsFunction"], string(event)) })
}

// start starts an execution.
func (w *world) start(ctx context.Context, name, input string) error {
	machine := w.stack.Outputs["StateMachineArn"]
	return persist(ctx, func() error {
		_, err := w.sfn.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: &input})
		if err != nil && strings.Contains(err.Error(), "ExecutionAlreadyExists") {
			return nil
		}
		return err
	})
}
