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
	"strings"
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
	KindJob       Kind = "job"       // a job ended
	KindBatch     Kind = "batch"     // a run of a batch ended
	KindCap       Kind = "cap"       // a cap on money was reached
	KindAttention Kind = "attention" // something needs a person
)

// Item is something that is to be told.
type Item struct {
	Kind    Kind
	Subject string // the id of the job or the batch, or what identifies the cap or the matter
	// Ending is how the job ended. Of other kinds it has the number and the time alone.
	Ending    video.Ending
	Cap       Cap       // of KindCap
	Attention Attention // of KindAttention
}

// Cap is a cap on money that was reached. The amounts are in micro-dollars.
type Cap struct {
	Limit    string // budget.LimitDay, LimitMonth or LimitOwner
	Owner    string // of LimitOwner
	Of, Held int64
	ResetsAt time.Time
}

// Attention is something that needs a person.
type Attention struct {
	About   string // a word for what it is about
	Message string // what is the matter, without a prompt or the provider's words
	ToDo    string
	Videos  []string // some of the jobs that it is about, at most MaxVideos
	Count   int      // of all of them; 0 if it is about no job
}

// MaxVideos is how many jobs an Attention names.
const MaxVideos = 20

// OfJob returns the item of a job's ending.
func OfJob(id string, ending video.Ending) Item {
	return Item{Kind: KindJob, Subject: id, Ending: ending}
}

// OfBatch returns the item of the end of a batch's run.
func OfBatch(id string, run int, at time.Time) Item {
	return Item{Kind: KindBatch, Subject: id, Ending: video.Ending{N: run, At: at}}
}

// OfCap returns the item of a cap that was reached. It is the same for all who meet the cap in its
// period, and another one if the cap was changed.
func OfCap(c Cap, at time.Time) Item {
	subject := c.Limit
	if c.Owner != "" {
		subject += "." + c.Owner
	}
	subject += "." + c.ResetsAt.UTC().Format(time.DateOnly) + "." + strconv.FormatInt(c.Of, 10)
	return Item{Kind: KindCap, Subject: subject, Ending: video.Ending{N: 1, At: at}, Cap: c}
}

// OfAttention returns the item of something that needs a person. The matter identifies it: it is
// told once for each, such as what it is about and a day.
func OfAttention(matter string, a Attention, at time.Time) Item {
	a.Videos = a.Videos[:min(len(a.Videos), MaxVideos)]
	return Item{Kind: KindAttention, Subject: matter, Ending: video.Ending{N: 1, At: at}, Attention: a}
}

// ID identifies what is told. It is the same however often that is told.
func (i Item) ID() string { return i.Subject + "." + strconv.Itoa(i.Ending.N) }

// Key returns the sort key of the item.
func (i Item) Key() string { return string(i.Kind) + "#" + i.ID() }

// Put returns the write of an ending, for a transaction.
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

// noticed is the partition of what was put into the outbox by Notice, by the keys of the items. It
// keeps them as long as a cap of a month may be met, and longer than the outbox does.
const (
	noticed     = "noticed"
	noticedLife = 40 * 24 * time.Hour
)

// Notice puts an item into the outbox that is no ending, unless that was done before, even if it
// was told meanwhile. The error is a *video.ServiceUnavailable: it may have been put.
func Notice(ctx context.Context, store *dynamo.Store, i Item) error {
	mark, marker := store.Mark(), dynamo.Attributes{}
	marker.Identify(noticed, i.Key(), 1, mark)
	marker.PutNumber("expires", i.Ending.At.Add(noticedLife).Unix())
	put := Put(store.Name, i)
	item := dynamo.Attributes(put.Item)
	item.Put("limit", i.Cap.Limit)
	item.Put("owner", i.Cap.Owner)
	item.PutNumber("of", i.Cap.Of)
	item.PutNumber("held", i.Cap.Held)
	item.PutTime("resets_at", i.Cap.ResetsAt)
	item.Put("about", i.Attention.About)
	item.Put("message", i.Attention.Message)
	item.Put("to_do", i.Attention.ToDo)
	item.Put("videos", strings.Join(i.Attention.Videos, " "))
	item.PutNumber("count", int64(i.Attention.Count))
	fate, err := store.Write(ctx, mark, func(ctx context.Context) error {
		_, err := store.Client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{
			ClientRequestToken: &mark,
			TransactItems:      []types.TransactWriteItem{{Put: dynamo.AsPut(store.Replace(marker, ""))}, {Put: put}},
		})
		return err
	})
	if fate == dynamo.Written || fate == dynamo.Refused {
		return nil
	}
	return dynamo.Unavailable("putting into the outbox", err)
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
		Cap: Cap{Limit: r.Text("limit"), Owner: r.Text("owner"), Of: r.Number("of"), Held: r.Number("held"), ResetsAt: r.Time("resets_at")},
		Attention: Attention{
			About: r.Text("about"), Message: r.Text("message"), ToDo: r.Text("to_do"), Videos: strings.Fields(r.Text("videos")), Count: int(r.Number("count")),
		},
	}
	if r.Err == nil && (!i.known() || i.Key() != key || i.Ending.N < 1) {
		r.Err = errors.New("it isn't what is put into an outbox")
	}
	if r.Err != nil {
		return Item{}, &Unreadable{Key: key, Err: r.Err}
	}
	return i, nil
}

// known reports whether the item is of a kind that there is, with what that kind has.
func (i Item) known() bool {
	switch i.Kind {
	case KindJob:
		return video.ValidID(i.Subject) && slices.Contains(video.States(), i.Ending.State) && i.Ending.State.Ended()
	case KindBatch:
		return video.ValidID(i.Subject)
	case KindCap:
		return OfCap(i.Cap, i.Ending.At).Subject == i.Subject
	case KindAttention:
		return i.Attention.About != "" && i.Attention.Message != ""
	}
	return false
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
