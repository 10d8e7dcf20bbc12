package table

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/budget"
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

// Counters are the sums over the attempts that were claimed in a month.
type Counters struct {
	Held, Reserved, Spent, Uncertain int64 // in micro-dollars
	InFlight                         int64
}

func encodeMoney(all []budget.Money) types.AttributeValue {
	list := &types.AttributeValueMemberL{}
	for _, m := range all {
		item := attributes{}
		item.putNumber("attempt", int64(m.Attempt))
		item.put("day", m.Day)
		item.putNumber("micros", m.Micros)
		item.put("state", string(m.State))
		item.putFlag("slot", m.Slot)
		list.Value = append(list.Value, &types.AttributeValueMemberM{Value: item})
	}
	return list
}

func (r *reader) money() []budget.Money {
	switch list := r.attributes["money"].(type) {
	case nil:
		return nil
	case *types.AttributeValueMemberL:
		var all []budget.Money
		for _, value := range list.Value {
			part, ok := value.(*types.AttributeValueMemberM)
			if !ok {
				break
			}
			of := reader{attributes: part.Value}
			m := budget.Money{
				Attempt: int(of.number("attempt")), Day: of.text("day"), Micros: of.number("micros"),
				State: budget.State(of.text("state")), Slot: of.flag("slot"),
			}
			if _, err := time.Parse(time.DateOnly, m.Day); err != nil {
				of.fail("day", err)
			}
			r.whole("money", of)
			all = append(all, m)
		}
		if len(all) == len(list.Value) {
			return all
		}
	}
	r.fail("money", errType)
	return nil
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
	b.addStack(entry, m, sign)
	b.addBatch(entry, m, sign)
}

// addStack is add for the counters of all jobs.
func (b *booking) addStack(entry video.Entry, m budget.Money, sign int64) {
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

// book returns the writes of the counters for a change of an entry, on condition that
// there is room; a nil room sets no condition. It returns none if nothing changes.
func (t *Table) book(entry video.Entry, r *room) []types.TransactWriteItem {
	var b booking
	for _, m := range entry.Booked {
		b.add(entry, m, -1)
	}
	for _, m := range entry.Money {
		b.add(entry, m, 1)
	}
	b.addJob(entry.Origin.Batch, entry.BookedCounts, -1)
	b.addJob(entry.Origin.Batch, entry.Counted(), 1)
	var writes []types.TransactWriteItem
	for _, c := range b.counters {
		if slices.ContainsFunc(c.by, func(a addition) bool { return a.by != 0 }) {
			writes = append(writes, types.TransactWriteItem{Update: t.count(*c, r.of(*c))})
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

// room is the condition of a claim: the most that may be held before it in its month, its day
// and its owner's day, and the most attempts that may be in flight, of all and of its batch. A
// nil field sets no limit.
type room struct {
	month, day, owner, batch                                     string
	monthMicros, dayMicros, ownerMicros, inFlight, batchInFlight *int64
}

// bound is the highest value that an attribute may have before a write.
type bound struct {
	name string
	most int64
}

// of returns the bounds of one of the counters.
func (r *room) of(c counter) (bounds []bound) {
	if r == nil {
		return nil
	}
	add := func(name string, most *int64) {
		if most != nil {
			bounds = append(bounds, bound{name, *most})
		}
	}
	switch {
	case c.partition == counters && c.sort == r.month:
		add(heldName, r.monthMicros)
		add(heldOn(r.day), r.dayMicros)
		add(inFlightName, r.inFlight)
	case c.partition == usagePartition(r.month) && c.sort == usageKey(r.day, r.owner):
		add(heldName, r.ownerMicros)
	case c.partition == batchPrefix+r.batch && c.sort == countsItem:
		add(inFlightName, r.batchInFlight)
	}
	return bounds
}

// count returns an update that adds to one item of the counters. An absent attribute counts as
// 0.
func (t *Table) count(c counter, bounds []bound) *types.Update {
	names, values := map[string]string{}, attributes{}
	var additions, conditions []string
	for i, a := range append(slices.DeleteFunc(c.by, func(a addition) bool { return a.by == 0 }), addition{writesName, 1}) {
		name := "a" + strconv.Itoa(i)
		additions = append(additions, "#"+name+" :"+name)
		names["#"+name] = a.name
		values.putNumber(":"+name, a.by)
	}
	for i, b := range bounds {
		name := "b" + strconv.Itoa(i)
		conditions = append(conditions, "(attribute_not_exists(#"+name+") OR #"+name+" <= :"+name+")")
		names["#"+name] = b.name
		values.putNumber(":"+name, b.most)
	}
	update := &types.Update{
		TableName: &t.name, Key: attributes{partitionKey: text(c.partition), sortKey: text(c.sort)},
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
func (t *Table) Month(ctx context.Context, month string) (Counters, error) {
	item, err := t.counters(ctx, month)
	if err != nil {
		return Counters{}, err
	}
	r := reader{attributes: item}
	c := r.counters()
	if r.err != nil {
		return Counters{}, unavailable("reading what was spent", r.err)
	}
	return c, nil
}

// Day reads the amount held for a day such as 2026-08-21, in micro-dollars. The error is a
// *video.ServiceUnavailable.
func (t *Table) Day(ctx context.Context, day string) (int64, error) {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return 0, unavailable("reading what was spent", err)
	}
	item, err := t.counters(ctx, day[:len("2006-01")])
	if err != nil {
		return 0, err
	}
	r := reader{attributes: item}
	held := r.number(heldOn(day))
	if r.err != nil {
		return 0, unavailable("reading what was spent", r.err)
	}
	return held, nil
}

// counters reads the item of a month. It returns nil if there is none.
func (t *Table) counters(ctx context.Context, month string) (attributes, error) {
	items, err := t.query(ctx, counters, month)
	if err != nil {
		return nil, unavailable("reading what was spent", err)
	}
	if len(items) == 0 {
		return nil, nil
	}
	return items[0], nil
}

// counters reads the sums of a month's item.
func (r *reader) counters() Counters {
	return Counters{
		Held: r.number(heldName), Reserved: r.number(reservedName), Spent: r.number(spentName), Uncertain: r.number(uncertainName),
		InFlight: r.number(inFlightName),
	}
}

// inFlightBefore returns the number of attempts in flight that were claimed in the month before.
// The hard deadline is a week at most, so attempts of earlier months have ended. The number only
// falls.
func (t *Table) inFlightBefore(ctx context.Context, claimed budget.Money) (int64, error) {
	month, err := time.Parse("2006-01", claimed.Month())
	if err != nil {
		return 0, unavailable("reading what is in flight", err)
	}
	before, err := t.Month(ctx, month.AddDate(0, -1, 0).Format("2006-01"))
	return before.InFlight, err
}
