package table

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/video"
)

// counters is the partition of the counters. Their sort keys are months, as 2026-08.
const counters = "money"

// What the counters of a month have, in micro-dollars and attempts. held is the sum of
// the three that follow it, since a condition can't add; each day has it too, under
// heldPrefix and the day of the month.
const (
	heldName      = "held"
	reservedName  = "reserved"
	spentName     = "spent"
	uncertainName = "uncertain"
	inFlightName  = "in_flight"
	heldPrefix    = "held_"
)

// Counters are the sums over the attempts that were claimed in a month.
type Counters struct {
	Held, Reserved, Spent, Uncertain int64 // micro-dollars
	InFlight                         int64
}

func encodeMoney(all []video.Money) types.AttributeValue {
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

func (r *reader) money() []video.Money {
	switch list := r.attributes["money"].(type) {
	case nil:
		return nil
	case *types.AttributeValueMemberL:
		var all []video.Money
		for _, value := range list.Value {
			part, ok := value.(*types.AttributeValueMemberM)
			if !ok {
				break
			}
			of := reader{attributes: part.Value}
			m := video.Money{
				Attempt: int(of.number("attempt")), Day: of.text("day"), Micros: of.number("micros"),
				State: video.MoneyState(of.text("state")), Slot: of.flag("slot"),
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

// changes is what a change of money makes of the counters of a month.
type changes struct {
	month string
	by    Counters
	days  []dayChange // in the order of the attempts
}

type dayChange struct {
	name string // the attribute
	held int64
}

// add counts an attempt in, or out by the sign -1.
func (c *changes) add(m video.Money, sign int64) {
	before := c.by.Held
	switch m.State {
	case video.MoneyReserved:
		c.by.Reserved += sign * m.Micros
	case video.MoneySpent:
		c.by.Spent += sign * m.Micros
	case video.MoneyUncertain:
		c.by.Uncertain += sign * m.Micros
	}
	if m.Slot {
		c.by.InFlight += sign
	}
	c.by.Held = c.by.Reserved + c.by.Spent + c.by.Uncertain
	name := heldOn(m.Day)
	i := slices.IndexFunc(c.days, func(d dayChange) bool { return d.name == name })
	if i < 0 {
		i = len(c.days)
		c.days = append(c.days, dayChange{name: name})
	}
	c.days[i].held += c.by.Held - before
}

// heldOn is the attribute of what is held of a day.
func heldOn(day string) string { return heldPrefix + day[len("2006-01-"):] }

// booking makes the writes of the counters that go with a change of an entry's money,
// on condition of room; nil: none. Where nothing changes, there are no writes.
func (t *Table) booking(entry video.Entry, r *room) []types.TransactWriteItem {
	var months []*changes
	of := func(month string) *changes {
		for _, c := range months {
			if c.month == month {
				return c
			}
		}
		months = append(months, &changes{month: month})
		return months[len(months)-1]
	}
	for _, m := range entry.Booked {
		of(m.Month()).add(m, -1)
	}
	for _, m := range entry.Money {
		of(m.Month()).add(m, 1)
	}
	var writes []types.TransactWriteItem
	for _, c := range months {
		c.days = slices.DeleteFunc(c.days, func(d dayChange) bool { return d.held == 0 })
		if c.by != (Counters{}) || len(c.days) > 0 {
			writes = append(writes, types.TransactWriteItem{Update: t.count(*c, r)})
		}
	}
	return writes
}

// room is what is left for a claim: the most that may be held before it, of its month
// and of its day, and the most that may be in flight; nil: no limit.
type room struct {
	month, day                       string
	monthMicros, dayMicros, inFlight *int64
}

// count adds to the counters of a month. What isn't there counts as 0.
func (t *Table) count(c changes, r *room) *types.Update {
	names, values := map[string]string{}, attributes{}
	var additions, conditions []string
	add := func(name string, by int64) {
		additions = append(additions, "#"+name+" :"+name)
		names["#"+name] = name
		values.putNumber(":"+name, by)
	}
	add(heldName, c.by.Held)
	add(reservedName, c.by.Reserved)
	add(spentName, c.by.Spent)
	add(uncertainName, c.by.Uncertain)
	add(inFlightName, c.by.InFlight)
	for _, d := range c.days {
		add(d.name, d.held)
	}
	bound := func(name string, most *int64) {
		if most == nil {
			return
		}
		names["#"+name] = name
		conditions = append(conditions, "(attribute_not_exists(#"+name+") OR #"+name+" <= :most_"+name+")")
		values.putNumber(":most_"+name, *most)
	}
	if r != nil && r.month == c.month {
		bound(heldName, r.monthMicros)
		bound(heldOn(r.day), r.dayMicros)
		bound(inFlightName, r.inFlight)
	}
	update := &types.Update{
		TableName: &t.name, Key: attributes{partitionKey: text(counters), sortKey: text(c.month)},
		UpdateExpression:         aws.String("ADD " + strings.Join(additions, ", ")),
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if len(conditions) > 0 {
		update.ConditionExpression = aws.String(strings.Join(conditions, " AND "))
	}
	return update
}

// Month reads the counters of a month, as 2026-08; zeros where nothing was counted. The
// error is a *video.ServiceUnavailable.
func (t *Table) Month(ctx context.Context, month string) (Counters, error) {
	item, err := t.counters(ctx, month)
	if err != nil {
		return Counters{}, err
	}
	c, err := decodeCounters(item)
	if err != nil {
		return Counters{}, unavailable("reading what was spent", err)
	}
	return c, nil
}

// Day reads what is held of a day, as 2026-08-21, in micro-dollars. The error is a
// *video.ServiceUnavailable.
func (t *Table) Day(ctx context.Context, day string) (int64, error) {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return 0, unavailable("reading what was spent", err)
	}
	item, err := t.counters(ctx, day[:len("2006-01")])
	if err != nil {
		return 0, err
	}
	held, err := heldOf(item, day)
	if err != nil {
		return 0, unavailable("reading what was spent", err)
	}
	return held, nil
}

// counters reads the item of a month; nil where there is none.
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

func decodeCounters(item attributes) (Counters, error) {
	r := reader{attributes: item}
	c := Counters{
		Held: r.number(heldName), Reserved: r.number(reservedName), Spent: r.number(spentName), Uncertain: r.number(uncertainName),
		InFlight: r.number(inFlightName),
	}
	return c, r.err
}

func heldOf(item attributes, day string) (int64, error) {
	r := reader{attributes: item}
	held := r.number(heldOn(day))
	return held, r.err
}

// inFlightBefore gives how many attempts of the month before a claim's are in flight: a
// hard deadline is a week at most, and those of older months are over. They only become
// fewer.
func (t *Table) inFlightBefore(ctx context.Context, claimed video.Money) (int64, error) {
	month, err := time.Parse("2006-01", claimed.Month())
	if err != nil {
		return 0, unavailable("reading what is in flight", err)
	}
	before, err := t.Month(ctx, month.AddDate(0, -1, 0).Format("2006-01"))
	return before.InFlight, err
}
