package apitest

import (
	"encoding/json"
	"time"

	"github.com/takeup/takeup/internal/api"
)

// control is a stack that isn't paused, on the day of Created.
func control() api.Control {
	usd := func(amount string) *json.Number { return new(json.Number(amount)) }
	midnight := Created.Truncate(24*time.Hour).AddDate(0, 0, 1)
	return api.Control{Caps: api.Caps{
		Day: api.Cap{
			Limit: usd("100"), Parameter: usd("100"),
			Held: api.Held{Spent: "12.74", Reserved: "1.96", Uncertain: "0.98", ResetsAt: midnight},
		},
		Month:    api.Cap{Held: api.Held{Spent: "212.74", Reserved: "1.96", Uncertain: "0.98", ResetsAt: midnight.AddDate(0, 0, 10)}},
		InFlight: api.InFlight{Limit: new(int64(100)), Parameter: new(int64(100)), Held: 2},
		Owners:   []api.OwnerCap{},
	}}
}
