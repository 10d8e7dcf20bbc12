package record

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/outbox"
)

// TellCapReached puts into the outbox that a claim of an owner found a cap on money reached. It does so
// once for each period of a cap, and does nothing for another limit. The error is a
// *video.ServiceUnavailable.
func (rs *Records) TellCapReached(ctx context.Context, owner string, why *budget.NoRoom, at time.Time) error {
	if !why.Reached() {
		return nil
	}
	if why.Limit != budget.LimitOwner {
		owner = ""
	}
	return outbox.Notice(ctx, rs.store, outbox.OfCap(outbox.Cap{Limit: why.Limit, Owner: owner, Of: why.Of, Held: why.Held, ResetsAt: why.Until}, at))
}

// TellAttention puts into the outbox that something needs a person, once for each matter. The error is a
// *video.ServiceUnavailable.
func (rs *Records) TellAttention(ctx context.Context, matter string, a outbox.Attention, at time.Time) error {
	return outbox.Notice(ctx, rs.store, outbox.OfAttention(matter, a, at))
}
