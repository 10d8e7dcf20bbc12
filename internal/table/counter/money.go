// Package counter counts the money of the attempts. Each month has an item with the sums that the
// caps limit, and each day of an owner one with the same sums for each model. They change only
// together with a job, in one transaction, whose condition is that there is room below the caps.
package counter

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

// counters is the partition of the counters. Its sort keys are months such as 2026-08.
const counters = "money"

// The attributes of a month's counters, in micro-dollars and attempts. held is the sum of the
// three that follow it, since a condition can't add. Each day has its own held, under heldPrefix
// and the day of the month.
const (
	heldName      = "held"
	reservedName  = "reserved"
	spentName     = "spent"
	uncertainName = "uncertain"
	inFlightName  = "in_flight"
	heldPrefix    = "held_"
	// writesName counts the writes of an item.
	writesName = "writes"
)

// Book reads the counters of one table, and makes the writes that change them. It is safe for
// concurrent use, also by many processes.
type Book struct{ store *dynamo.Store }

// New returns the Book of a table.
func New(store *dynamo.Store) *Book { return &Book{store} }

// Sums are those of the attempts that were claimed in a month.
type Sums struct {
	Held, Reserved, Spent, Uncertain int64 // in micro-dollars
	InFlight                         int64
}

// counter is the change of one item of the counters.
type counter struct {
	partition, sort string
	by              []addition
}

type addition struct {
	name string // attribute
	by   int64
}

func (c *counter) add(name string, by int64) {
	for i := range c.by {
		if c.by[i].name == name {
			c.by[i].by += by
			return
		}
	}
	c.by = append(c.by, addition{name, by})
}

// booking is a change of money in all items of the counters.
type booking struct{ counters []*counter }

// add adds an attempt of an entry, or subtracts it if the sign is -1.
func (b *booking) add(entry video.Entry, m budget.Money, sign int64) {
	addMonth(b.of(counters, m.Month()), m, sign)
	addUsage(b.of(usagePartition(m.Month()), usageKey(m.Day, entry.Origin.Token)), entry.Request.Model(), m, sign)
}

func (b *booking) of(partition, sort string) *counter {
	for _, c := range b.counters {
		if c.partition == partition && c.sort == sort {
			return c
		}
	}
	b.counters = append(b.counters, &counter{partition: partition, sort: sort})
	return b.counters[len(b.counters)-1]
}

// Changes returns the writes of the counters for a change of an entry's money, on condition that
// there is room; a nil room sets no condition. It returns none if nothing changes.
func Changes(book *Book, entry video.Entry, r *Room) []types.TransactWriteItem {
	var b booking
	for _, m := range entry.Booked {
		b.add(entry, m, -1)
	}
	for _, m := range entry.Money {
		b.add(entry, m, 1)
	}
	var writes []types.TransactWriteItem
	for _, c := range b.counters {
		if slices.ContainsFunc(c.by, func(a addition) bool { return a.by != 0 }) {
			writes = append(writes, types.TransactWriteItem{Update: book.count(*c, r.of(*c))})
		}
	}
	return writes
}

// addMonth adds an attempt to the counters of its month, or subtracts it if the sign is -1.
func addMonth(c *counter, m budget.Money, sign int64) {
	if name := nameOf(m.State); name != "" {
		c.add(heldName, sign*m.Micros)
		c.add(name, sign*m.Micros)
		c.add(heldOn(m.Day), sign*m.Micros)
	}
	if m.Slot {
		c.add(inFlightName, sign)
	}
}

// nameOf returns the attribute that sums the money of a state, or "" if the state doesn't count
// against the caps.
func nameOf(state budget.State) string {
	switch state {
	case budget.Reserved:
		return reservedName
	case budget.Spent:
		return spentName
	case budget.Uncertain:
		return uncertainName
	}
	return ""
}

// heldOn returns the attribute with the amount held for a day.
func heldOn(day string) string { return heldPrefix + day[len("2006-01-"):] }

// count returns an update that adds to one item of the counters. An absent attribute counts as
// 0.
func (book *Book) count(c counter, bounds []bound) *types.Update {
	names, values := map[string]string{}, dynamo.Attributes{}
	var additions, conditions []string
	for i, a := range append(slices.DeleteFunc(c.by, func(a addition) bool { return a.by == 0 }), addition{writesName, 1}) {
		name := "a" + strconv.Itoa(i)
		additions = append(additions, "#"+name+" :"+name)
		names["#"+name] = a.name
		values.PutNumber(":"+name, a.by)
	}
	for i, b := range bounds {
		name := "b" + strconv.Itoa(i)
		conditions = append(conditions, "(attribute_not_exists(#"+name+") OR #"+name+" <= :"+name+")")
		names["#"+name] = b.name
		values.PutNumber(":"+name, b.most)
	}
	update := &types.Update{
		TableName: &book.store.Name, Key: dynamo.Attributes{dynamo.PartitionKey: dynamo.Text(c.partition), dynamo.SortKey: dynamo.Text(c.sort)},
		UpdateExpression:         aws.String("ADD " + strings.Join(additions, ", ")),
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if len(conditions) > 0 {
		update.ConditionExpression = aws.String(strings.Join(conditions, " AND "))
	}
	return update
}

// Month reads the counters of a month such as 2026-08. They are zero if nothing was counted. The
// error is a *video.ServiceUnavailable.
func (book *Book) Month(ctx context.Context, month string) (Sums, error) {
	item, err := book.counters(ctx, month)
	if err != nil {
		return Sums{}, err
	}
	r := dynamo.Reader{Attributes: item}
	c := countersOf(&r)
	if r.Err != nil {
		return Sums{}, dynamo.Unavailable("reading what was spent", r.Err)
	}
	return c, nil
}

// Day reads the amount held for a day such as 2026-08-21, in micro-dollars. The error is a
// *video.ServiceUnavailable.
func (book *Book) Day(ctx context.Context, day string) (int64, error) {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return 0, dynamo.Unavailable("reading what was spent", err)
	}
	item, err := book.counters(ctx, day[:len("2006-01")])
	if err != nil {
		return 0, err
	}
	r := dynamo.Reader{Attributes: item}
	held := r.Number(heldOn(day))
	if r.Err != nil {
		return 0, dynamo.Unavailable("reading what was spent", r.Err)
	}
	return held, nil
}

// counters reads the item of a month. It returns nil if there is none.
func (book *Book) counters(ctx context.Context, month string) (dynamo.Attributes, error) {
	items, err := book.store.Query(ctx, counters, month)
	if err != nil {
		return nil, dynamo.Unavailable("reading what was spent", err)
	}
	if len(items) == 0 {
		return nil, nil
	}
	return items[0], nil
}

// countersOf reads the sums of a month's item.
func countersOf(r *dynamo.Reader) Sums {
	return Sums{
		Held: r.Number(heldName), Reserved: r.Number(reservedName), Spent: r.Number(spentName), Uncertain: r.Number(uncertainName),
		InFlight: r.Number(inFlightName),
	}
}

// InFlightBefore returns the number of attempts in flight that were claimed in the month before.
// The hard deadline is a week at most, so attempts of earlier months have ended. The number only
// falls.
func InFlightBefore(ctx context.Context, book *Book, claimed budget.Money) (int64, error) {
	month, err := time.Parse("2006-01", claimed.Month())
	if err != nil {
		return 0, dynamo.Unavailable("reading what is in flight", err)
	}
	before, err := book.Month(ctx, month.AddDate(0, -1, 0).Format("2006-01"))
	return before.InFlight, err
}

// Of reads the counters that limit a claim of an owner, if they exist: those of the
// month, and those of the owner's day.
func Of(ctx context.Context, book *Book, claimed budget.Money, owner string, ownersToo bool) ([]dynamo.Attributes, error) {
	var all []dynamo.Attributes
	month, err := book.counters(ctx, claimed.Month())
	if err != nil {
		return nil, err
	}
	if month != nil {
		all = append(all, month)
	}
	if ownersToo {
		items, err := book.store.Query(ctx, usagePartition(claimed.Month()), usageKey(claimed.Day, owner))
		if err != nil {
			return nil, dynamo.Unavailable("reading what was spent", err)
		}
		for _, item := range items {
			all = append(all, item)
		}
	}
	return all, nil
}
