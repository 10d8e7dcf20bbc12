package record

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video"
)

// controlPartition has one item, whose sort key is the same: the operator's decisions for all
// jobs. Only Submit's role and the operator may write it.
const controlPartition = "control"

// Control reads the operator's decisions, and their version for PutControl. The version is empty
// if there are none. The read is consistent. The error is a *video.ServiceUnavailable.
func (rs *Records) Control(ctx context.Context) (operator.Control, string, error) {
	const doing = "reading what is decided for all jobs"
	items, err := rs.store.Query(ctx, controlPartition, controlPartition)
	if err != nil {
		return operator.Control{}, "", dynamo.Unavailable(doing, err)
	}
	if len(items) == 0 {
		return operator.Control{}, "", nil
	}
	r := dynamo.Reader{Attributes: items[0]}
	c := operator.Control{
		Table: r.Text("table"), PausedAt: r.Time("paused_at"), PausedBy: r.Text("paused_by"), Reason: r.Text("reason"), Repaired: r.Text("repaired"),
	}
	c.Caps, c.Owners = readCaps(&r), readOwners(&r)
	version := r.Number(dynamo.VersionName)
	if r.Err == nil && (c.Table == "" || version < 1) {
		r.Err = fmt.Errorf("it is of version %d, and of the table %q", version, c.Table)
	}
	if r.Err != nil {
		return operator.Control{}, "", dynamo.Unavailable(doing, fmt.Errorf("the item %s can't be read: %w", controlPartition, r.Err))
	}
	return c, strconv.FormatInt(version, 10), nil
}

// PutControl replaces the version of the operator's decisions that was read; the version is
// empty if there were none. It returns a *video.Conflict, and writes nothing, if they have
// changed since. After any other error they may have been written.
func (rs *Records) PutControl(ctx context.Context, c operator.Control, version string) error {
	item := dynamo.Attributes{}
	item.Put("table", c.Table)
	item.PutTime("paused_at", c.PausedAt)
	item.Put("paused_by", c.PausedBy)
	item.Put("reason", c.Reason)
	item.Put("repaired", c.Repaired)
	if c.Caps != nil {
		item["caps"] = &types.AttributeValueMemberM{Value: encodeCaps(*c.Caps)}
	}
	if len(c.Owners) > 0 {
		owners := dynamo.Attributes{}
		for name, micros := range c.Owners {
			owners.PutNumber(name, micros)
		}
		item["owner_caps"] = &types.AttributeValueMemberM{Value: owners}
	}
	return rs.store.Put(ctx, controlPartition, controlPartition, item, version, "writing what is decided for all jobs")
}

// Paused returns why no job may be claimed now, or nil. The error is a
// *video.ServiceUnavailable.
func (rs *Records) Paused(ctx context.Context) (*operator.Paused, error) {
	c, _, err := rs.Control(ctx)
	return c.Paused(rs.store.Name), err
}

// Decision is Control for a claim. The first claim in a table records the table's name, so that
// no claim is made in a copy of it.
func Decision(ctx context.Context, rs *Records) (operator.Control, string, error) {
	control, version, err := rs.Control(ctx)
	if err != nil || version != "" {
		return control, version, err
	}
	control = operator.Control{Table: rs.store.Name}
	err = rs.PutControl(ctx, control, "")
	var conflict *video.Conflict
	if errors.As(err, &conflict) {
		return rs.Control(ctx)
	}
	return control, "1", err
}

// StillDecided returns a transaction's condition that the control still has that version.
func StillDecided(rs *Records, version string) *types.ConditionCheck {
	return &types.ConditionCheck{
		TableName:                 &rs.store.Name,
		Key:                       dynamo.Attributes{dynamo.PartitionKey: dynamo.Text(controlPartition), dynamo.SortKey: dynamo.Text(controlPartition)},
		ConditionExpression:       aws.String("#version = :decided"),
		ExpressionAttributeNames:  map[string]string{"#version": dynamo.VersionName},
		ExpressionAttributeValues: dynamo.Attributes{":decided": &types.AttributeValueMemberN{Value: version}},
	}
}
