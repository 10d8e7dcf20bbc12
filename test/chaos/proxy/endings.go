package proxy

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"

	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
	"github.com/takeup/takeup/internal/video"
)

// Endings tracks how jobs and runs of batches ended, from the writes that passed DynamoDB's proxy.
type Endings struct {
	mu sync.Mutex
	// Jobs are the jobs as they were first written with an ending, by the id of its event. Batches
	// has the ids of the events of batches.
	jobs    map[string]video.Entry
	batches map[string]bool
	odd     []string
}

// NewEndings returns an empty Endings.
func NewEndings() *Endings {
	return &Endings{jobs: map[string]video.Entry{}, batches: map[string]bool{}}
}

// All returns the jobs as they were first written with an ending, by the id of its event, the ids
// of the events of batches, and the items that could not be read.
func (e *Endings) All() (jobs map[string]video.Entry, batches map[string]bool, odd []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.jobs, e.batches, e.odd
}

// Carry has a call carried out and records what it wrote.
func (e *Endings) Carry(r *http.Request, body []byte, forward func() (*answer, error)) (*answer, error) {
	got, err := forward()
	c := readCall(r, body)
	if err != nil || got.status != http.StatusOK || c.operation != "TransactWriteItems" && c.operation != "PutItem" {
		return got, err
	}
	var in struct {
		Item          json.RawMessage
		TransactItems []struct {
			Put struct{ Item json.RawMessage }
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	e.take(in.Item)
	for _, action := range in.TransactItems {
		e.take(action.Put.Item)
	}
	return got, nil
}

// take records an item. MiniStack carries the repetition of a transaction out again, which records
// the same.
func (e *Endings) take(text json.RawMessage) {
	if len(text) == 0 {
		return
	}
	item, err := attributevalue.UnmarshalMapJSON(text)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.odd = append(e.odd, "an item can't be read: "+err.Error())
		return
	}
	r := dynamo.Reader{Attributes: item}
	partition := r.Text(dynamo.PartitionKey)
	switch sort := r.Text(dynamo.SortKey); sort {
	case "job":
		id, _ := strings.CutPrefix(partition, jobitem.Prefix)
		entry, err := jobitem.DecodeJob(id, item)
		if err != nil {
			e.odd = append(e.odd, "a job's item can't be read: "+err.Error())
		}
		event := id + "." + strconv.Itoa(entry.Endings)
		if _, known := e.jobs[event]; !known && entry.Endings > 0 && entry.State().Ended() {
			e.jobs[event] = entry
		}
	case "batch":
		id, _ := strings.CutPrefix(partition, record.Partition(""))
		if n := r.Number("told"); n > 0 {
			e.batches[id+"."+strconv.FormatInt(n, 10)] = true
		}
	}
}
