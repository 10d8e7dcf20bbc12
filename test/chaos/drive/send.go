package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/promptfile"
	"github.com/takeup/takeup/test/chaos/carrier"
	"github.com/takeup/takeup/test/chaos/listen"
	"github.com/takeup/takeup/test/chaos/provider"
	"github.com/takeup/takeup/test/chaos/world"
	"github.com/takeup/takeup/test/harness/executions"
)

// grace is how long both keys are valid.
const grace = 5 * time.Second

// SendAll sends the jobs, as many at once as the options say, replaces the key in the middle,
// and waits until every execution has ended.
func (d *Driver) SendAll(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, d.World.Options.Limit(len(d.World.Jobs)))
	defer stop()
	watching, done := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() { watched <- d.watch(watching) }()
	var sending sync.WaitGroup
	var err error
	for i, j := range d.World.Jobs {
		if i == len(d.World.Jobs)/2 {
			if err = d.exchangeKey(ctx); err != nil {
				break
			}
		}
		slots := 1
		if j.Batch != nil {
			if j != j.Batch.Jobs[0] {
				continue // it is sent with the first one
			}
			slots = len(j.Batch.Jobs)
		}
		for range slots {
			select {
			case d.slots <- struct{}{}:
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			break
		}
		if j.Batch != nil {
			sending.Go(func() { d.sendBatch(ctx, j.Batch) })
			continue
		}
		before := d.World.Jobs[max(0, i-len(world.Triggers))] // of the same trigger
		sending.Go(func() { d.send(ctx, j, before) })
	}
	sending.Wait()
	if err == nil {
		d.drain(ctx)
	}
	done()
	return errors.Join(err, <-watched)
}

// exchangeKey puts another key into the secret. The old one stays valid for a while, and after
// that only reads records.
func (d *Driver) exchangeKey(ctx context.Context) error {
	secret := d.World.Stack.Outputs["ProviderKeySecret"]
	_, err := d.World.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &secret, SecretString: new(provider.SecondKey)})
	d.World.Provider.Retire(time.Now().Add(grace))
	d.World.Plan.Note("key", "replaced during the run", "")
	return err
}

// send sends a job by its trigger, and some jobs more than once. A job that can't be sent holds
// its slot until the deadline and is unfinished.
func (d *Driver) send(ctx context.Context, j, before *world.Job) {
	j.Began = time.Now()
	d.arm(ctx, j)
	var err error
	switch j.Trigger {
	case world.ByAPI, world.ByAPIAgain:
		d.name(j, jobs.IDFromKey("api", tokens.Default, d.key(j)))
		d.follow(j, true)
		var posts sync.WaitGroup
		if j.Trigger == world.ByAPIAgain {
			posts.Go(func() { d.repeat(ctx, "posting again", j, d.post) })
		}
		err = d.post(ctx, j)
		posts.Wait()
	case world.ByText, world.ByJSON:
		if err = d.upload(ctx, j); err != nil {
			break
		}
		d.follow(j, true)
		// Redeliver its event, after that of an older file.
		if before != j && d.uploaded(before) {
			d.repeat(ctx, "delivering an older event", before, d.deliver)
		}
		if err = d.deliver(ctx, j); err != nil {
			break
		}
		// A copy of it is not another request.
		switch at := d.World.Plan.Roll("copied", j.Name); {
		case at < 0.2:
			d.repeat(ctx, "copied onto itself", j, func(ctx context.Context, j *world.Job) error { return d.copy(ctx, promptKey(j), promptKey(j)) })
		case at < 0.4:
			d.repeat(ctx, "copied to another key", j, func(ctx context.Context, j *world.Job) error { return d.copy(ctx, promptKey(j), "done/"+promptKey(j)) })
		case at < 0.5:
			d.repeat(ctx, "uploaded again", j, d.upload)
		}
	case world.ByHand:
		d.name(j, fmt.Sprintf("hand-%d-%s", d.World.Options.Seed, j.Name))
		d.follow(j, true)
		err = d.start(ctx, j.ID, string(d.request(j)))
	}
	if err != nil && ctx.Err() == nil {
		d.World.Unexpected("job %s could not be sent: %v", j.Name, err)
	}
}

// name records a job's id.
func (d *Driver) name(j *world.Job, id string) {
	d.World.Names.Add(id, j.Name)
	d.mu.Lock()
	defer d.mu.Unlock()
	j.ID = id
}

// repeat does something that must not change anything.
func (d *Driver) repeat(ctx context.Context, what string, j *world.Job, do func(context.Context, *world.Job) error) {
	d.World.Plan.Note("event", what, j.Name)
	if err := do(ctx, j); err != nil && ctx.Err() == nil {
		d.World.Unexpected("%s for %s: %v", what, j.Name, err)
	}
}

// SendAgain sends everything that has an identity once more, the last first, after the jobs have
// ended. Jobs that were interrupted before they were submitted begin anew.
func (d *Driver) SendAgain(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, d.World.Options.Limit(len(d.World.Jobs)))
	defer stop()
	var sending sync.WaitGroup
	few := make(chan struct{}, 8)
	for i := len(d.World.Jobs) - 1; i >= 0; i-- {
		j := d.World.Jobs[i]
		do := d.deliver
		switch {
		case j.Trigger == world.ByAPIAgain:
			do = d.post
		case j.Version == "" || i%2 == 0:
			continue
		}
		few <- struct{}{}
		sending.Go(func() {
			defer func() { <-few }()
			d.repeat(ctx, "sent again after the end", j, do)
			if j.Last() != nil && j.Last().Name() == world.Interrupted {
				d.again(ctx, j)
				d.follow(j, false)
			}
		})
	}
	sending.Wait()
	return d.awaitEnds(ctx)
}

// again begins another round of a job.
func (d *Driver) again(ctx context.Context, j *world.Job) {
	d.mu.Lock()
	j.Rounds = append(j.Rounds, &world.Round{})
	d.mu.Unlock()
	d.arm(ctx, j)
}

// awaitEnds waits until every watched job has ended.
func (d *Driver) awaitEnds(ctx context.Context) error {
	watching, done := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() { watched <- d.watch(watching) }()
	d.drain(ctx)
	done()
	return <-watched
}

func (d *Driver) key(j *world.Job) string {
	return fmt.Sprintf("chaos-%d-%s", d.World.Options.Seed, j.Name)
}

func (d *Driver) request(j *world.Job) []byte {
	request := map[string]any{"prompt": world.CanaryPrompt + j.Name, "duration": 5}
	if j.HasHook() {
		request["webhook"] = d.World.Hooks + listen.VideoPath + world.HookSecret
	}
	body, err := json.Marshal(request)
	if err != nil {
		panic(err) // it consists of plain values
	}
	return body
}

// post sends a job by the API, like a client that retries until it gets an answer.
func (d *Driver) post(ctx context.Context, j *world.Job) error {
	return world.Persist(ctx, func() error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.World.Stack.API+api.GenerationsPath, bytes.NewReader(d.request(j)))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+d.World.Stack.Token)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", d.key(j))
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		var said struct{ ID string }
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d: %s", response.StatusCode, body)
		}
		if err := json.Unmarshal(body, &said); err != nil || said.ID != j.ID {
			d.World.Unexpected("the API gave %s for job %s, which is %s", body, j.Name, j.ID)
		}
		return nil
	})
}

func promptKey(j *world.Job) string { return "chaos/" + j.Name + "." + j.Trigger }

// upload puts a prompt file into its bucket, which starts the job.
func (d *Driver) upload(ctx context.Context, j *world.Job) error {
	content := d.request(j)
	if j.Trigger == world.ByText {
		content = []byte(world.CanaryPrompt + j.Name + "\n")
	}
	bucket, key, sum := d.World.Stack.Outputs["PromptsBucket"], promptKey(j), promptfile.Sum(content)
	id := promptfile.JobID(bucket, key, sum)
	d.World.Names.Add(id, j.Name)
	d.World.Names.Add(sum, j.Name)
	reply, err := d.World.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(content)})
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if j.Version == "" { // each upload has one; the first is the job's
		j.ID, j.Version = id, *reply.VersionId
	}
	return nil
}

// copy copies a file within the prompts bucket.
func (d *Driver) copy(ctx context.Context, from, to string) error {
	bucket := d.World.Stack.Outputs["PromptsBucket"]
	source := bucket + "/" + from
	_, err := d.World.S3.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &bucket, Key: &to, CopySource: &source,
		MetadataDirective: types.MetadataDirectiveReplace, Metadata: map[string]string{"copied": "again"},
	})
	return err
}

// uploaded reports whether a job's file has been uploaded.
func (d *Driver) uploaded(j *world.Job) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return j.Version != ""
}

// deliver invokes PromptsFunction with the event of a file.
func (d *Driver) deliver(ctx context.Context, j *world.Job) error {
	event, err := json.Marshal(events.S3Event{Records: []events.S3EventRecord{{
		EventVersion: "2.1", EventSource: "aws:s3", EventName: "ObjectCreated:Put",
		S3: events.S3Entity{
			Bucket: events.S3Bucket{Name: d.World.Stack.Outputs["PromptsBucket"]},
			Object: events.S3Object{Key: url.QueryEscape(promptKey(j)), VersionID: j.Version},
		},
	}}})
	if err != nil {
		return err
	}
	return world.Persist(ctx, func() error {
		return carrier.Invoke(ctx, d.World.Lambda, d.World.Functions[world.Prompts], string(event))
	})
}

// start starts an execution.
func (d *Driver) start(ctx context.Context, name, input string) error {
	return world.Persist(ctx, func() error {
		_, err := executions.Start(ctx, d.World.StepFunctions, d.World.Stack.Outputs["StateMachineArn"], name, input)
		return err
	})
}
