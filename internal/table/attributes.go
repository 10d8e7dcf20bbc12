package table

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// attributes are an item of DynamoDB, or a part of one. The SDK's package that makes them from
// structs would add 120 kB to the smallest functions.
type attributes map[string]types.AttributeValue

// put sets a text. It omits an empty one.
func (a attributes) put(name, value string) {
	if value != "" {
		a[name] = text(value)
	}
}

// identify sets the keys, the version and the mark.
func (a attributes) identify(partition, sort string, version int64, mark string) {
	a.put(partitionKey, partition)
	a.put(sortKey, sort)
	a.putNumber(versionName, version)
	a.put(markName, mark)
}

// putNumber sets a number.
func (a attributes) putNumber(name string, value int64) {
	a[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
}

// putFlag sets a flag. It omits one that is false.
func (a attributes) putFlag(name string, value bool) {
	if value {
		a[name] = &types.AttributeValueMemberBOOL{Value: true}
	}
}

// stamped is the layout of a time. Texts in this layout sort in the order of time.
const stamped = "2006-01-02T15:04:05.000000000Z"

// putTime sets a time. It omits the zero time.
func (a attributes) putTime(name string, at time.Time) {
	if !at.IsZero() {
		a[name] = text(at.UTC().Format(stamped))
	}
}

// reader reads attributes, and keeps the first error. An absent attribute reads as zero; one of
// another type is an error.
type reader struct {
	attributes
	err error
}

func (r *reader) fail(name string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("its %s can't be read: %w", name, err)
	}
}

var (
	errType   = errors.New("it is of another type")
	errLayout = errors.New("it is not a time like " + stamped)
)

func (r *reader) text(name string) string {
	switch v := r.attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberS:
		return v.Value
	default:
		r.fail(name, errType)
	}
	return ""
}

func (r *reader) number(name string) int64 {
	switch v := r.attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err != nil {
			r.fail(name, err)
		}
		return n
	default:
		r.fail(name, errType)
	}
	return 0
}

func (r *reader) flag(name string) bool {
	switch v := r.attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberBOOL:
		return v.Value
	default:
		r.fail(name, errType)
	}
	return false
}

func (r *reader) time(name string) time.Time {
	written := r.text(name)
	if written == "" {
		return time.Time{}
	}
	// Unlike other layouts, RFC 3339 is parsed without interpreting the layout.
	at, err := time.Parse(time.RFC3339Nano, written)
	if err == nil && (len(written) != len(stamped) || at.Location() != time.UTC) {
		err = errLayout
	}
	if err != nil {
		r.fail(name, err)
		return time.Time{}
	}
	return at
}

// part reads a map attribute. It returns false if there is none.
func (r *reader) part(name string) (reader, bool) {
	switch v := r.attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberM:
		return reader{attributes: v.Value}, true
	default:
		r.fail(name, errType)
	}
	return reader{}, false
}

// whole copies the first error of a part.
func (r *reader) whole(name string, part reader) {
	if part.err != nil {
		r.fail(name, part.err)
	}
}
