package record

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/takeup/takeup/internal/notify/receiver"
	"github.com/takeup/takeup/internal/table/dynamo"
)

// receiverPrefix begins the partition key of a receiver of webhooks. A digest of its name follows.
const receiverPrefix = "receiver#"

// receiverItem is the only sort key in that partition.
const receiverItem = "receiver"

func receiverKey(name string) string {
	sum := sha256.Sum256([]byte(name))
	return receiverPrefix + hex.EncodeToString(sum[:16])
}

// Receiver reads what is known of a receiver of webhooks, and its version for PutReceiver. Both are
// empty if nothing is. The read is consistent. The error is a *video.ServiceUnavailable.
func (rs *Records) Receiver(ctx context.Context, name string) (receiver.Receiver, string, error) {
	const doing = "reading what is known of a receiver"
	items, err := rs.store.Query(ctx, receiverKey(name), receiverItem)
	if err != nil || len(items) == 0 {
		return receiver.Receiver{}, "", unavailable(doing, err)
	}
	r := dynamo.Reader{Attributes: items[0]}
	known, version := receiver.Receiver{Pace: receiver.Pace(r.Text("pace")), At: r.Time("at")}, r.Number(dynamo.VersionName)
	if r.Err != nil {
		return receiver.Receiver{}, "", dynamo.Unavailable(doing, r.Err)
	}
	return known, strconv.FormatInt(version, 10), nil
}

// PutReceiver replaces the version that was read. It returns a *video.Conflict if another writer
// was first. After any other error it may have been written.
func (rs *Records) PutReceiver(ctx context.Context, name string, known receiver.Receiver, version string) error {
	item := dynamo.Attributes{}
	item.Put("pace", string(known.Pace))
	item.PutTime("at", known.At)
	item.PutNumber(expiryName, known.At.Add(receiver.Life).Unix())
	return rs.store.Put(ctx, receiverKey(name), receiverItem, item, version, "writing what is known of a receiver")
}
