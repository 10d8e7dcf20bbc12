// Package outbox keeps what is to be told to the outside. An item of it is written in the
// transaction that makes it true, and deleted once it was told. The table's stream says at once
// that there is one, and a list of the partition finds what the stream has lost.
package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

// Partition is the partition of the outbox. The mapping of the stream in template.yaml names it.
const Partition = "outbox"

// life is how long an item is kept that can't be told, from when it became true.
const life = 30 * 24 * time.Hour

// Kind is what an item is about.
type Kind string

// The kinds.
const (
	KindJob   Kind = "job"   // a job ended
	KindBatch Kind = "batch" // a run of a batch ended
)

// Item is something that is to be told.
type Item struct {
	Kind    Kind
	Subject string // the id of the job or the batch
	// Ending is how the job ended. Of a batch's run it has the number and the time alone.
	Ending video.Ending
}

// OfJob returns the item of a job's ending.
func OfJob(id string, ending video.Ending) Item {
	return Item{Kind: KindJob, Subject: id, Ending: ending}
}

// OfBatch returns the item of the end of a batch's run.
func OfBatch(id string, run int, at time.Time) Item {
	return Item{Kind: KindBatch, Subject: id, Ending: video.Ending{N: run, At: at}}
}

// ID identifies what is told. It is the same however often that is told.
func (i Item) ID() string { return i.Subject + "." + strconv.Itoa(i.Ending.N) }

// Key returns the sort key of the item.
func (i Item) Key() string { return string(i.Kind) + "#" + i.ID() }

// Put returns the write of an item, for a transaction.
func Put(table string, i Item) *types.Put {
	item := dynamo.Attributes{}
	item.Put(dynamo.PartitionKey, Partition)
	item.Put(dynamo.SortKey, i.Key())
	item.Put("kind", string(i.Kind))
	item.Put("subject", i.Subject)
	item.PutNumber("n", int64(i.Ending.N))
	item.Put("state", string(i.Ending.State))
	item.PutTime("at", i.Ending.At)
	item.Put("outcome", i.Ending.Outcome)
	item.Put("paid", string(i.Ending.Paid))
	item.PutNumber("micros", i.Ending.Micros)
	item.PutNumber("bytes", i.Ending.Bytes)
	item.PutNumber("expires", i.Ending.At.Add(life).Unix())
	return &types.Put{TableName: &table, Item: item}
}

// Unreadable is the error for an item that can't be told, since it isn't one of these.
type Unreadable struct {
	Key string
	Err error
}

func (e *Unreadable) Error() string {
	return fmt.Sprintf("the item %.100q of the outbox can't be read: %v", e.Key, e.Err)
}

func (e *Unreadable) Unwrap() error { return e.Err }

func decode(item dynamo.Attributes) (Item, error) {
	r := dynamo.Reader{Attributes: item}
	key := r.Text(dynamo.SortKey)
	i := Item{
		Kind: Kind(r.Text("kind")), Subject: r.Text("subject"),
		Ending: video.Ending{
			N: int(r.Number("n")), State: video.State(r.Text("state")), At: r.Time("at"), Outcome: r.Text("outcome"),
			Paid: video.Paid(r.Text("paid")), Micros: r.Number("micros"), Bytes: r.Number("bytes"),
		},
	}
	known := i.Kind == KindJob && slices.Contains(video.States(), i.Ending.State) && i.Ending.State.Ended() || i.Kind == KindBatch
	if r.Err == nil && (!known || i.Key() != key || !video.ValidID(i.Subject) || i.Ending.N < 1) {
		r.Err = errors.New("it is no end of a job or a run")
	}
	if r.Err != nil {
		return Item{}, &Unreadable{Key: key, Err: r.Err}
	}
	return i, nil
}

// Client is the part of DynamoDB's API that a Box uses.
type Client interface {
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
}

// Box reads and deletes the items of one table's outbox. It is safe for concurrent use, also by
// many processes.
type Box struct {
	client Client
	table  string
}

// New returns the Box of a table.
func New(client Client, table string) *Box { return &Box{client, table} }

// Found is an item that was read. If Err isn't nil, it is an *Unreadable, and there is a key alone.
type Found struct {
	Key  string
	Item Item
	Err  error
}

// Get reads the item with a key. It returns false if there is none, since it was told. The read is
// consistent. The error is a *video.ServiceUnavailable.
func (b *Box) Get(ctx context.Context, key string) (Found, bool, error) {
	found, _, err := b.query(ctx, &dynamodb.QueryInput{
		KeyConditionExpression:    aws.String("#pk = :pk AND #sk = :sk"),
		ExpressionAttributeNames:  map[string]string{"#pk": dynamo.PartitionKey, "#sk": dynamo.SortKey},
		ExpressionAttributeValues: dynamo.Attributes{":pk": dynamo.Text(Partition), ":sk": dynamo.Text(key)},
	})
	if err != nil || len(found) == 0 {
		return Found{}, false, err
	}
	return found[0], true, nil
}

// Waiting returns the items that were not told, up to the most that one query reads. The read is
// consistent. The error is a *video.ServiceUnavailable.
func (b *Box) Waiting(ctx context.Context) (found []Found, more bool, err error) {
	return b.query(ctx, &dynamodb.QueryInput{
		KeyConditionExpression:    aws.String("#pk = :pk"),
		ExpressionAttributeNames:  map[string]string{"#pk": dynamo.PartitionKey},
		ExpressionAttributeValues: dynamo.Attributes{":pk": dynamo.Text(Partition)},
	})
}

func (b *Box) query(ctx context.Context, in *dynamodb.QueryInput) (found []Found, more bool, err error) {
	in.TableName, in.ConsistentRead = &b.table, aws.Bool(true)
	out, err := b.client.Query(ctx, in)
	if err != nil {
		return nil, false, dynamo.Unavailable("reading the outbox", err)
	}
	for _, item := range out.Items {
		r := dynamo.Reader{Attributes: item}
		one := Found{Key: r.Text(dynamo.SortKey)}
		one.Item, one.Err = decode(item)
		found = append(found, one)
	}
	return found, out.LastEvaluatedKey != nil, nil
}

// Delete deletes an item that was told. The error is a *video.ServiceUnavailable.
func (b *Box) Delete(ctx context.Context, key string) error {
	_, err := b.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &b.table, Key: dynamo.Attributes{dynamo.PartitionKey: dynamo.Text(Partition), dynamo.SortKey: dynamo.Text(key)},
	})
	if err != nil {
		return dynamo.Unavailable("deleting from the outbox", err)
	}
	return nil
}
