package table

import (
	"github.com/takeup/takeup/internal/operator"
)

// The limits in the control's map of caps. If one is absent, the stack's own limit applies.
const (
	dayCapName      = "day_micros"
	monthCapName    = "month_micros"
	inFlightCapName = "in_flight"
)

func encodeCaps(c operator.Caps) attributes {
	item := attributes{}
	for name, limit := range map[string]*int64{dayCapName: c.DayMicros, monthCapName: c.MonthMicros, inFlightCapName: c.InFlight} {
		if limit != nil {
			item.putNumber(name, *limit)
		}
	}
	item.put("by", c.By)
	item.putTime("at", c.At)
	item.putTime("until", c.Until)
	return item
}

// caps reads the control's caps. It returns nil if there are none.
func (r *reader) caps() *operator.Caps {
	part, ok := r.part("caps")
	if !ok {
		return nil
	}
	c := &operator.Caps{By: part.text("by"), At: part.time("at"), Until: part.time("until")}
	for name, limit := range map[string]**int64{dayCapName: &c.DayMicros, monthCapName: &c.MonthMicros, inFlightCapName: &c.InFlight} {
		if _, set := part.attributes[name]; set {
			n := part.number(name)
			*limit = &n
		}
	}
	r.whole("caps", part)
	return c
}

// owners reads the control's caps by owner. It returns nil if there are none.
func (r *reader) owners() map[string]int64 {
	part, ok := r.part("owner_caps")
	if !ok {
		return nil
	}
	owners := make(map[string]int64, len(part.attributes))
	for name := range part.attributes {
		owners[name] = part.number(name)
	}
	r.whole("owner_caps", part)
	return owners
}
