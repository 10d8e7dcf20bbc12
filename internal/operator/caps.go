package operator

import (
	"maps"
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// Caps are limits set by an operator. They override those of the stack until they end.
type Caps struct {
	// A nil limit leaves the stack's limit in effect, and 0 means no limit.
	DayMicros, MonthMicros, InFlight *int64

	By    string    // the ARN of who set them
	At    time.Time // when they were set
	Until time.Time // when they end; zero: only by a reset
}

// CapsAt returns the caps in effect at a time; nil if there are none.
func (c Control) CapsAt(at time.Time) *Caps {
	if c.Caps == nil || !c.Caps.Until.IsZero() && !at.Before(c.Caps.Until) {
		return nil
	}
	return c.Caps
}

// Limits returns the limits in effect at a time for an owner's claims, given those of the
// stack.
func (c Control) Limits(stack budget.Limits, owner string, at time.Time) budget.Limits {
	if set := c.CapsAt(at); set != nil {
		for _, limit := range []struct{ of, set *int64 }{
			{&stack.DayMicros, set.DayMicros}, {&stack.MonthMicros, set.MonthMicros}, {&stack.InFlight, set.InFlight},
		} {
			if limit.set != nil {
				*limit.of = *limit.set
			}
		}
	}
	if micros := c.Owners[owner]; micros > 0 {
		stack.OwnerDayMicros = micros
	}
	return stack
}

// LimitEnds returns when the cap on the named limit ends, and the stack's limit applies
// again. It is zero if there is no cap, or if it lasts until it is reset.
func (c Control) LimitEnds(limit string, at time.Time) time.Time {
	if set := c.CapsAt(at); set != nil &&
		(limit == "day" && set.DayMicros != nil || limit == "month" && set.MonthMicros != nil || limit == "in_flight" && set.InFlight != nil) {
		return set.Until
	}
	return time.Time{}
}

// SetCaps returns the control with these caps. A nil limit keeps the cap set before, unless
// that has ended.
func (c Control) SetCaps(table string, caps Caps) Control {
	if before := c.CapsAt(caps.At); before != nil {
		for _, limit := range []struct{ set, before **int64 }{
			{&caps.DayMicros, &before.DayMicros}, {&caps.MonthMicros, &before.MonthMicros}, {&caps.InFlight, &before.InFlight},
		} {
			if *limit.set == nil {
				*limit.set = *limit.before
			}
		}
	}
	c.Caps = &caps
	return c.of(table)
}

// ResetCaps returns the control without caps, except those of owners.
func (c Control) ResetCaps() Control {
	c.Caps = nil
	return c
}

// CapOwner returns the control with a cap on what an owner's jobs may cost in a UTC day, in
// micro-dollars; 0 removes it.
func (c Control) CapOwner(table, owner string, micros int64) Control {
	if c.Owners[owner] == micros {
		return c
	}
	c.Owners = maps.Clone(c.Owners)
	if micros == 0 {
		delete(c.Owners, owner)
	} else {
		if c.Owners == nil {
			c.Owners = map[string]int64{}
		}
		c.Owners[owner] = micros
	}
	return c.of(table)
}

// of names the table if this is its first decision.
func (c Control) of(table string) Control {
	if c.Table == "" {
		c.Table = table
	}
	return c
}
