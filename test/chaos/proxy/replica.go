package proxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamotest"
	"github.com/takeup/takeup/test/chaos/faults"
)

// Replica is the table as it was dynamotest.Lag ago. It answers the reads that are not
// consistent and those of the indexes. MiniStack's see each write at once, DynamoDB's only
// moments later.
type Replica struct {
	plan   *faults.Plan
	Client atomic.Pointer[dynamodb.Client] // bypasses the proxy
	items  dynamotest.Server
	Over   atomic.Bool // from then on, the engine answers itself

	mu         sync.Mutex
	partitions map[string]*sync.Mutex
}

// NewReplica returns an empty replica.
func NewReplica(p *faults.Plan) *Replica {
	return &Replica{plan: p, partitions: map[string]*sync.Mutex{}}
}

// follow copies the partitions that a write changed.
func (o *Replica) follow(ctx context.Context, r *http.Request, body []byte) error {
	in := readCall(r, body)
	for _, item := range in.writes() {
		if err := o.copy(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

// copy copies a partition's current state. A newer state is never replaced by an older one.
func (o *Replica) copy(ctx context.Context, item written) error {
	partition := item.keys().Partition.S
	o.mu.Lock()
	turn := o.partitions[partition]
	if turn == nil {
		turn = &sync.Mutex{}
		o.partitions[partition] = turn
	}
	o.mu.Unlock()
	turn.Lock()
	defer turn.Unlock()
	out, err := o.Client.Load().Query(ctx, &dynamodb.QueryInput{
		TableName: &item.TableName, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("#pk = :pk"),
		ExpressionAttributeNames:  map[string]string{"#pk": "pk"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: partition}},
	})
	if err != nil {
		return err
	}
	for _, item := range out.Items {
		if err := o.items.Put(item); err != nil {
			return err
		}
	}
	return nil
}

// serve answers a read that is not consistent, and reports whether the call was one.
func (o *Replica) serve(w http.ResponseWriter, r *http.Request, body []byte) bool {
	in := readCall(r, body)
	if !in.reading() || in.consistent() || o.Over.Load() {
		return false
	}
	o.plan.Note("table stale read", "answered from "+dynamotest.Lag.String()+" ago", "")
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	o.items.ServeHTTP(w, again)
	return true
}
