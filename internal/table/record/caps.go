package record

import (
	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/table/dynamo"
)

// The limits in the control's map of caps. If one is absent, the stack's own limit applies.
const (
	dayCapName      = "day_micros"
	monthCapName    = "month_micros"
	inFlightCapName = "in_flight"
)

func encodeCaps(c operator.Caps) dynamo.Attributes {
	item := dynamo.Attributes{}
	for name, limit := range map[string]*int64{dayCapName: c.DayMicros, monthCapName: c.MonthMicros, inFlightCapName: c.InFlight} {
		if limit != nil {
			item.PutNumber(name, *limit)
		}
	}
	item.Put("by", c.By)
	item.PutTime("at", c.At)
	item.PutTime("until", c.Until)
	return item
}

// readCaps reads the control's caps. It returns nil if there are none.
func readCaps(r *dynamo.Reader) *operator.Caps {
	part, ok := r.Part("caps")
	if !ok {
		return nil
	}
	c := &operator.Caps{By: part.Text("by"), At: part.Time("at"), Until: part.Time("until")}
	for name, limit := range map[string]**int64{dayCapName: &c.DayMicros, monthCapName: &c.MonthMicros, inFlightCapName: &c.InFlight} {
		if _, set := part.Attributes[name]; set {
			n := part.Number(name)
			*limit = &n
		}
	}
	r.Whole("caps", part)
	return c
}

// readOwners reads the control's caps by owner. It returns nil if there are none.
func readOwners(r *dynamo.Reader) map[string]int64 {
	part, ok := r.Part("owner_caps")
	if !ok {
		return nil
	}
	owners := make(map[string]int64, len(part.Attributes))
	for name := range part.Attributes {
		owners[name] = part.Number(name)
	}
	r.Whole("owner_caps", part)
	return owners
}
