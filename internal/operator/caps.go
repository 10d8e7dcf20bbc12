package operator

import (
	"maps"
	"time"

	"github.com/takeup/takeup/internal/budget"
)

// Caps are limits that an operator has set. They override those of the stack until they
// end.
type Caps struct {
	// A limit that is nil is left as the stack has it, and 0 is no limit.
	DayMicros, MonthMicros, InFlight *int64

	By    string    // who set them, by the ARN
	At    time.Time // when
	Until time.Time // when they end; zero: when they are reset
}

// CapsAt gives the caps that hold at that time; nil where none do.
func (c Control) CapsAt(at time.Time) *Caps {
	if c.Caps == nil || !c.Caps.Until.IsZero() && !at.Before(c.Caps.Until) {
		return nil
	}
	return c.Caps
}

// Limits gives the limits on the claims of an owner's jobs at that time, from those of the
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

// LimitEnds gives when the cap on a limit of that name ends, and the limit of the stack
// holds again; zero where there is no cap, or it holds until it is reset.
func (c Control) LimitEnds(limit string, at time.Time) time.Time {
	if set := c.CapsAt(at); set != nil &&
		(limit == "day" && set.DayMicros != nil || limit == "month" && set.MonthMicros != nil || limit == "in_flight" && set.InFlight != nil) {
		return set.Until
	}
	return time.Time{}
}

// SetCaps gives the control with these caps. A limit that is nil stays as it was set before,
// unless that has ended.
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

// ResetCaps gives the control without caps, except those of owners.
func (c Control) ResetCaps() Control {
	c.Caps = nil
	return c
}

// CapOwner gives the control with a cap on what the jobs of an owner may cost in a UTC day,
// in micro-dollars; 0 removes it.
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

// of names the table, where this is the first decision.
func (c Control) of(table string) Control {
	if c.Table == "" {
		c.Table = table
	}
	return c
}
