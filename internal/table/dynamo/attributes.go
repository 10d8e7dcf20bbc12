package dynamo

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Attributes are an item of DynamoDB, or a part of one. The SDK's package that makes them from
// structs would add 120 kB to the smallest functions. Most methods are not inlined, here and in
// Reader: an item has dozens of attributes, and the copies would add 30 kB.
type Attributes map[string]types.AttributeValue

// The key attributes, as named in template.yaml, and the version and the mark.
const (
	PartitionKey = "pk"
	SortKey      = "sk"
	VersionName  = "version"
	MarkName     = "mark"
)

// Put sets a text. It omits an empty one.
//
//go:noinline
func (a Attributes) Put(name, value string) {
	if value != "" {
		a[name] = Text(value)
	}
}

// Identify sets the keys, the version and the mark.
func (a Attributes) Identify(partition, sort string, version int64, mark string) {
	a.Put(PartitionKey, partition)
	a.Put(SortKey, sort)
	a.PutNumber(VersionName, version)
	a.Put(MarkName, mark)
}

// PutNumber sets a number.
//
//go:noinline
func (a Attributes) PutNumber(name string, value int64) {
	a[name] = &types.AttributeValueMemberN{Value: strconv.FormatInt(value, 10)}
}

// PutFlag sets a flag. It omits one that is false.
//
//go:noinline
func (a Attributes) PutFlag(name string, value bool) {
	if value {
		a[name] = &types.AttributeValueMemberBOOL{Value: true}
	}
}

// TimeLayout is the layout of a time. Texts in this layout sort in the order of time.
const TimeLayout = "2006-01-02T15:04:05.000000000Z"

// PutTime sets a time. It omits the zero time.
//
//go:noinline
func (a Attributes) PutTime(name string, at time.Time) {
	if !at.IsZero() {
		a[name] = Text(at.UTC().Format(TimeLayout))
	}
}

// Reader reads attributes, and keeps the first error. An absent attribute reads as zero; one of
// another type is an error.
type Reader struct {
	Attributes Attributes
	Err        error
}

// Fail records an error about an attribute, unless there is one already.
func (r *Reader) Fail(name string, err error) {
	if r.Err == nil {
		r.Err = fmt.Errorf("its %s can't be read: %w", name, err)
	}
}

// ErrType is the error for an attribute of another type than the one that is read.
var ErrType = errors.New("it is of another type")

// errLayout is the error for a time that isn't in TimeLayout.
var errLayout = errors.New("it is not a time like " + TimeLayout)

// Text reads a text.
//
//go:noinline
func (r *Reader) Text(name string) string {
	switch v := r.Attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberS:
		return v.Value
	default:
		r.Fail(name, ErrType)
	}
	return ""
}

// Number reads a whole number.
func (r *Reader) Number(name string) int64 {
	switch v := r.Attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberN:
		n, err := strconv.ParseInt(v.Value, 10, 64)
		if err != nil {
			r.Fail(name, err)
		}
		return n
	default:
		r.Fail(name, ErrType)
	}
	return 0
}

// Flag reads a flag.
//
//go:noinline
func (r *Reader) Flag(name string) bool {
	switch v := r.Attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberBOOL:
		return v.Value
	default:
		r.Fail(name, ErrType)
	}
	return false
}

// Time reads a time.
func (r *Reader) Time(name string) time.Time {
	written := r.Text(name)
	if written == "" {
		return time.Time{}
	}
	// Unlike other layouts, RFC 3339 is parsed without interpreting the layout.
	at, err := time.Parse(time.RFC3339Nano, written)
	if err == nil && (len(written) != len(TimeLayout) || at.Location() != time.UTC) {
		err = errLayout
	}
	if err != nil {
		r.Fail(name, err)
		return time.Time{}
	}
	return at
}

// Part reads a map attribute. It returns false if there is none.
func (r *Reader) Part(name string) (Reader, bool) {
	switch v := r.Attributes[name].(type) {
	case nil:
	case *types.AttributeValueMemberM:
		return Reader{Attributes: v.Value}, true
	default:
		r.Fail(name, ErrType)
	}
	return Reader{}, false
}

// Whole copies the first error of a part.
func (r *Reader) Whole(name string, part Reader) {
	if part.Err != nil {
		r.Fail(name, part.Err)
	}
}
