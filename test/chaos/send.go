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

	"github.com/takeup/takeup/internal/api/tokens"
	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/promptfile"
)

// grace is for how long both keys are good.
const grace = 5 * time.Second

// sendAll sends the jobs, as many at once as the options say, exchanges the key
// in the middle, and waits until every execution has ended.
func (d *driver) sendAll(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, d.world.o.limit(len(d.world.jobs)))
	defer stop()
	watching, done := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() { watched <- d.watch(watching) }()
	var sending sync.WaitGroup
	var err error
	for i, j := range d.world.jobs {
		if i == len(d.world.jobs)/2 {
			if err = d.exchangeKey(ctx); err != nil {
				break
			}
		}
		select {
		case d.slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		before := d.world.jobs[max(0, i-len(triggers))] // a file of the same kind
		sending.Go(func() { d.send(ctx, j, before) })
	}
	sending.Wait()
	if err == nil {
		d.drain(ctx)
	}
	done()
	return errors.Join(err, <-watched)
}

// exchangeKey puts another key into the secret. The old one is good for a while
// yet, and then reads records only.
func (d *driver) exchangeKey(ctx context.Context) error {
	secret := d.world.stack.Outputs["ProviderKeySecret"]
	_, err := d.world.keys.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &secret, SecretString: new(secondKey)})
	d.world.provider.retire(time.Now().Add(grace))
	d.world.plan.note("key", "exchanged in mid-run", "")
	return err
}

// send gives a job in by its trigger, and for some more than once. A job that
// can't be given in keeps its slot until the deadline: it is unfinished.
func (d *driver) send(ctx context.Context, j, before *job) {
	j.began = time.Now()
	d.arm(ctx, j)
	var err error
	switch j.trigger {
	case byAPI, byAPIAgain:
		d.name(j, jobs.IDFromKey("api", tokens.Default, d.key(j)))
		d.follow(j, true)
		var posts sync.WaitGroup
		if j.trigger == byAPIAgain {
			posts.Go(func() { d.repeat(ctx, "posting again", j, d.post) })
		}
		err = d.post(ctx, j)
		posts.Wait()
	case byText, byJSON:
		if err = d.upload(ctx, j); err != nil {
			break
		}
		d.follow(j, true)
		// Its event again, after one that is older.
		if before != j && d.uploaded(before) {
			d.repeat(ctx, "delivering an older event", before, d.deliver)
		}
		if err = d.deliver(ctx, j); err != nil {
			break
		}
		// A copy of it is no other request.
		switch at := d.world.plan.roll("copied", j.name); {
		case at < 0.2:
			d.repeat(ctx, "copied onto itself", j, func(ctx context.Context, j *job) error { return d.copy(ctx, promptKey(j), promptKey(j)) })
		case at < 0.4:
			d.repeat(ctx, "copied to another key", j, func(ctx context.Context, j *job) error { return d.copy(ctx, promptKey(j), "done/"+promptKey(j)) })
		case at < 0.5:
			d.repeat(ctx, "uploaded again", j, d.upload)
		}
	case byHand:
		d.name(j, fmt.Sprintf("hand-%d-%s", d.world.o.Seed, j.name))
		d.follow(j, true)
		err = d.start(ctx, j.id, string(d.request(j)))
	}
	if err != nil && ctx.Err() == nil {
		d.world.oddly("job %s could not be sent: %v", j.name, err)
	}
}

// name gives a job its id.
func (d *driver) name(j *job, id string) {
	d.world.names.add(id, j.name)
	d.mu.Lock()
	defer d.mu.Unlock()
	j.id = id
}

// repeat does what mustn't change anything.
func (d *driver) repeat(ctx context.Context, what string, j *job, do func(context.Context, *job) error) {
	d.world.plan.note("event", what, j.name)
	if err := do(ctx, j); err != nil && ctx.Err() == nil {
		d.world.oddly("%s for %s: %v", what, j.name, err)
	}
}

// sendAgain sends all that has an identity of its own once more, the last first,
// when their jobs have ended. Those that were interrupted before they were submitted
// begin anew by it.
func (d *driver) sendAgain(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, d.world.o.limit(len(d.world.jobs)))
	defer stop()
	var sending sync.WaitGroup
	few := make(chan struct{}, 8)
	for i := len(d.world.jobs) - 1; i >= 0; i-- {
		j := d.world.jobs[i]
		do := d.deliver
		switch {
		case j.trigger == byAPIAgain:
			do = d.post
		case j.version == "" || i%2 == 0:
			continue
		}
		few <- struct{}{}
		sending.Go(func() {
			defer func() { <-few }()
			d.repeat(ctx, "sent again after the end", j, do)
			if j.last() != nil && j.last().name() == interrupted {
				d.again(ctx, j)
				d.follow(j, false)
			}
		})
	}
	sending.Wait()
	return d.awaitEnds(ctx)
}

// again begins another round of a job.
func (d *driver) again(ctx context.Context, j *job) {
	d.mu.Lock()
	j.rounds = append(j.rounds, &round{})
	d.mu.Unlock()
	d.arm(ctx, j)
}

// awaitEnds waits until every job that is followed has ended.
func (d *driver) awaitEnds(ctx context.Context) error {
	watching, done := context.WithCancel(ctx)
	watched := make(chan error, 1)
	go func() { watched <- d.watch(watching) }()
	d.drain(ctx)
	done()
	return <-watched
}

func (d *driver) key(j *job) string { return fmt.Sprintf("chaos-%d-%s", d.world.o.Seed, j.name) }

func (d *driver) request(j *job) []byte {
	body, err := json.Marshal(map[string]any{"prompt": canaryPrompt + j.name, "duration": 5})
	if err != nil {
		panic(err) // it is made of two plain values
	}
	return body
}

// post sends a job by the API, as a client does that sends again what wasn't
// answered.
func (d *driver) post(ctx context.Context, j *job) error {
	return persist(ctx, func() error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.world.stack.API+"/v2/video/generations", bytes.NewReader(d.request(j)))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+d.world.stack.Token)
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
		if err := json.Unmarshal(body, &said); err != nil || said.ID != j.id {
			d.world.oddly("the API gave %s for job %s, which is %s", body, j.name, j.id)
		}
		return nil
	})
}

func promptKey(j *job) string { return "chaos/" + j.name + "." + j.trigger }

// upload puts a prompt file into its bucket, which starts the job.
func (d *driver) upload(ctx context.Context, j *job) error {
	content := d.request(j)
	if j.trigger == byText {
		content = []byte(canaryPrompt + j.name + "\n")
	}
	bucket, key, sum := d.world.stack.Outputs["PromptsBucket"], promptKey(j), promptfile.Sum(content)
	id := promptfile.JobID(bucket, key, sum)
	d.world.names.add(id, j.name)
	d.world.names.add(sum, j.name)
	reply, err := d.world.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(content)})
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if j.version == "" { // of any upload; the first is the job's
		j.id, j.version = id, *reply.VersionId
	}
	return nil
}

// copy copies a file within the prompts bucket.
func (d *driver) copy(ctx context.Context, from, to string) error {
	bucket := d.world.stack.Outputs["PromptsBucket"]
	source := bucket + "/" + from
	_, err := d.world.s3.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &bucket, Key: &to, CopySource: &source,
		MetadataDirective: types.MetadataDirectiveReplace, Metadata: map[string]string{"copied": "again"},
	})
	return err
}

// uploaded reports whether a job's file has its version by now.
func (d *driver) uploaded(j *job) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return j.version != ""
}

// deliver gives PromptsFunction the event of a file.
func (d *driver) deliver(ctx context.Context, j *job) error {
	event, err := json.Marshal(events.S3Event{Records: []events.S3EventRecord{{
		EventVersion: "2.1", EventSource: "aws:s3", EventName: "ObjectCreated:Put",
		S3: events.S3Entity{
			Bucket: events.S3Bucket{Name: d.world.stack.Outputs["PromptsBucket"]},
			Object: events.S3Object{Key: url.QueryEscape(promptKey(j)), VersionID: j.version},
		},
	}}})
	if err != nil {
		return err
	}
	return persist(ctx, func() error { return invoke(ctx, d.world.lambda, d.world.functions["PromptsFunction"], string(event)) })
}

// start starts an execution.
func (d *driver) start(ctx context.Context, name, input string) error {
	machine := d.world.stack.Outputs["StateMachineArn"]
	return persist(ctx, func() error {
		_, err := d.world.sfn.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: &input})
		if err != nil && strings.Contains(err.Error(), "ExecutionAlreadyExists") {
			return nil
		}
		return err
	})
}
