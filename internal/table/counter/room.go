package counter

import (
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

// Room is the condition of a claim: the most that may be held before it in its month, its day
// and its owner's day, and the most attempts that may be in flight. A nil field sets no limit.
type Room struct {
	month, day, owner                             string
	monthMicros, dayMicros, ownerMicros, inFlight *int64
}

// bound is the highest value that an attribute may have before a write.
type bound struct {
	name string
	most int64
}

// of returns the bounds of one of the counters.
func (r *Room) of(c counter) (bounds []bound) {
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
	}
	return bounds
}

// RoomFor returns the condition of a claim.
func RoomFor(entry video.Entry, limits budget.Limits, before int64) *Room {
	claimed := entry.Money[len(entry.Money)-1]
	left := func(limit, by int64) *int64 {
		if limit <= 0 {
			return nil
		}
		most := limit - by
		return &most
	}
	return &Room{
		month: claimed.Month(), monthMicros: left(limits.MonthMicros, claimed.Micros),
		day: claimed.Day, dayMicros: left(limits.DayMicros, claimed.Micros),
		owner: entry.Origin.Token, ownerMicros: left(limits.OwnerDayMicros, claimed.Micros),
		inFlight: left(limits.InFlight, before+1),
	}
}

// NoRoom returns an error for the limit that a claim exceeds by these counters, or nil.
func NoRoom(full []dynamo.Attributes, entry video.Entry, limits budget.Limits, before int64) error {
	const doing = "reading what was spent"
	claimed := entry.Money[len(entry.Money)-1]
	var c Sums
	var held, owners int64
	for _, item := range full {
		r := dynamo.Reader{Attributes: item}
		if r.Text(dynamo.PartitionKey) == counters {
			held = r.Number(heldOn(claimed.Day))
			c = countersOf(&r)
		} else {
			owners = r.Number(heldName)
		}
		if r.Err != nil {
			return dynamo.Unavailable(doing, r.Err)
		}
	}
	day, err := time.Parse(time.DateOnly, claimed.Day)
	if err != nil {
		return dynamo.Unavailable(doing, err)
	}
	switch {
	case limits.MonthMicros > 0 && c.Held+claimed.Micros > limits.MonthMicros:
		return &budget.NoRoom{Limit: budget.LimitMonth, Held: c.Held, Price: claimed.Micros, Of: limits.MonthMicros, Until: day.AddDate(0, 1, 1-day.Day())}
	case limits.DayMicros > 0 && held+claimed.Micros > limits.DayMicros:
		return &budget.NoRoom{Limit: budget.LimitDay, Held: held, Price: claimed.Micros, Of: limits.DayMicros, Until: day.AddDate(0, 0, 1)}
	case limits.OwnerDayMicros > 0 && owners+claimed.Micros > limits.OwnerDayMicros:
		return &budget.NoRoom{Limit: budget.LimitOwner, Held: owners, Price: claimed.Micros, Of: limits.OwnerDayMicros, Until: day.AddDate(0, 0, 1)}
	case limits.InFlight > 0 && before+c.InFlight+1 > limits.InFlight:
		return &budget.NoRoom{Limit: budget.LimitInFlight, Held: before + c.InFlight, Of: limits.InFlight}
	}
	return nil
}
