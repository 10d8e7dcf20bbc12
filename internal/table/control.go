package table

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/operator"
	"github.com/takeup/takeup/internal/video"
)

// controlPartition has one item, whose sort key is the same: the operator's decisions for all
// jobs. Only Submit's role and the operator may write it.
const controlPartition = "control"

// Control reads the operator's decisions, and their version for PutControl. The version is empty
// if there are none. The read is consistent. The error is a *video.ServiceUnavailable.
func (t *Table) Control(ctx context.Context) (operator.Control, string, error) {
	const doing = "reading what is decided for all jobs"
	items, err := t.query(ctx, controlPartition, controlPartition)
	if err != nil {
		return operator.Control{}, "", unavailable(doing, err)
	}
	if len(items) == 0 {
		return operator.Control{}, "", nil
	}
	r := reader{attributes: items[0]}
	c := operator.Control{
		Table: r.text("table"), PausedAt: r.time("paused_at"), PausedBy: r.text("paused_by"), Reason: r.text("reason"), Repaired: r.text("repaired"),
	}
	c.Caps, c.Owners = r.caps(), r.owners()
	version := r.number(versionName)
	if r.err == nil && (c.Table == "" || version < 1) {
		r.err = fmt.Errorf("it is of version %d, and of the table %q", version, c.Table)
	}
	if r.err != nil {
		return operator.Control{}, "", unavailable(doing, fmt.Errorf("the item %s can't be read: %w", controlPartition, r.err))
	}
	return c, strconv.FormatInt(version, 10), nil
}

// PutControl replaces the version of the operator's decisions that was read; the version is
// empty if there were none. It returns a *video.Conflict, and writes nothing, if they have
// changed since. After any other error they may have been written.
func (t *Table) PutControl(ctx context.Context, c operator.Control, version string) error {
	item := attributes{}
	item.put("table", c.Table)
	item.putTime("paused_at", c.PausedAt)
	item.put("paused_by", c.PausedBy)
	item.put("reason", c.Reason)
	item.put("repaired", c.Repaired)
	if c.Caps != nil {
		item["caps"] = &types.AttributeValueMemberM{Value: encodeCaps(*c.Caps)}
	}
	if len(c.Owners) > 0 {
		owners := attributes{}
		for name, micros := range c.Owners {
			owners.putNumber(name, micros)
		}
		item["owner_caps"] = &types.AttributeValueMemberM{Value: owners}
	}
	return t.put(ctx, controlPartition, controlPartition, item, version, "writing what is decided for all jobs")
}

// Paused returns why no job may be claimed now, or nil. The error is a
// *video.ServiceUnavailable.
func (t *Table) Paused(ctx context.Context) (*operator.Paused, error) {
	c, _, err := t.Control(ctx)
	return c.Paused(t.name), err
}

// Name returns the name of the table.
func (t *Table) Name() string { return t.name }

// decision is Control for a claim. The first claim in a table records the table's name, so that
// no claim is made in a copy of it.
func (t *Table) decision(ctx context.Context) (operator.Control, string, error) {
	control, version, err := t.Control(ctx)
	if err != nil || version != "" {
		return control, version, err
	}
	control = operator.Control{Table: t.name}
	err = t.PutControl(ctx, control, "")
	var conflict *video.Conflict
	if errors.As(err, &conflict) {
		return t.Control(ctx)
	}
	return control, "1", err
}

// stillDecided returns a transaction's condition that the control still has that version.
func (t *Table) stillDecided(version string) *types.ConditionCheck {
	return &types.ConditionCheck{
		TableName:                 &t.name,
		Key:                       attributes{partitionKey: text(controlPartition), sortKey: text(controlPartition)},
		ConditionExpression:       aws.String("#version = :decided"),
		ExpressionAttributeNames:  map[string]string{"#version": versionName},
		ExpressionAttributeValues: attributes{":decided": &types.AttributeValueMemberN{Value: version}},
	}
}
