package apitest

import (
	"encoding/json"
	"time"

	"github.com/takeup/takeup/internal/api/client"
)

// control is a stack that isn't paused, as it stands on the day of Created.
func control() client.Control {
	usd := func(amount string) *json.Number { return new(json.Number(amount)) }
	midnight := Created.Truncate(24*time.Hour).AddDate(0, 0, 1)
	return client.Control{Caps: client.Caps{
		Day: client.Cap{
			Limit: usd("100"), Parameter: usd("100"),
			Held: client.Held{Spent: "12.74", Reserved: "1.96", Uncertain: "0.98", ResetsAt: midnight},
		},
		Month:    client.Cap{Held: client.Held{Spent: "212.74", Reserved: "1.96", Uncertain: "0.98", ResetsAt: midnight.AddDate(0, 0, 10)}},
		InFlight: client.Places{Limit: new(int64(100)), Parameter: new(int64(100)), Held: 2},
		Owners:   []client.Owner{},
	}}
}
