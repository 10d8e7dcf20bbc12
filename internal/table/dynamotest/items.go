package dynamotest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Attributes are an item's attributes.
type Attributes = map[string]types.AttributeValue

// Lag is the age of the state seen by a read without ConsistentRead.
const Lag = 3 * time.Second

// tokenLife is how long a ClientRequestToken identifies a transaction.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const tokenLife = 10 * time.Minute

// Items has the items of one table with the keys pk and sk, whatever its name. The zero
// Items is an empty table. Its methods are those of the SDK's client, and are safe for
// concurrent use.
type Items struct {
	mu         sync.Mutex
	items      map[key][]state         // newest last
	partitions map[string][]key        // of the items
	indexed    map[string]map[key]bool // items that have, or had, the hash key of an index
	tokens     map[string]time.Time
}

type key struct{ partition, sort string }

// state is an item as of a time; nil if it didn't exist.
type state struct {
	from time.Time
	item Attributes
}

func keyOf(item Attributes) (key, error) {
	partition, ok := item["pk"].(*types.AttributeValueMemberS)
	sort, also := item["sk"].(*types.AttributeValueMemberS)
	if !ok || !also || partition.Value == "" || sort.Value == "" {
		return key{}, &invalid{"One or more parameter values were invalid: Missing the key pk or sk in the item"}
	}
	// These attributes must be strings in every item, whether or not an index has the item.
	for _, name := range []string{"day", "status", "place", "wait", "turn"} {
		if value, ok := item[name]; ok {
			if text, ok := value.(*types.AttributeValueMemberS); !ok || text.Value == "" {
				return key{}, &invalid{"One or more parameter values were invalid: Type mismatch for Index Key " + name}
			}
		}
	}
	return key{partition.Value, sort.Value}, nil
}

// invalid is DynamoDB's ValidationException.
type invalid struct{ message string }

func (e *invalid) Error() string { return e.message }

// read returns an item as a consistent or an eventually consistent read sees it. The caller
// holds the lock.
func (i *Items) read(k key, consistent bool) Attributes {
	states := i.items[k]
	for n := len(states) - 1; n >= 0; n-- {
		if consistent || time.Since(states[n].from) >= Lag {
			return states[n].item
		}
	}
	return nil
}

func (i *Items) put(k key, item Attributes) {
	if i.items == nil {
		i.items, i.partitions, i.indexed = map[key][]state{}, map[string][]key{}, map[string]map[key]bool{"day": {}, "status": {}, "wait": {}, "batch": {}}
	}
	if i.items[k] == nil {
		i.partitions[k.partition] = append(i.partitions[k.partition], k)
	}
	states, now := i.items[k], time.Now()
	for len(states) > 1 && now.Sub(states[1].from) >= Lag {
		states = states[1:] // no read sees it any more
	}
	i.items[k] = append(states, state{now, maps.Clone(item)})
	for hash, keys := range i.indexed {
		if slices.ContainsFunc(i.items[k], func(s state) bool { return s.item[hash] != nil }) {
			keys[k] = true
		} else {
			delete(keys, k)
		}
	}
}

// All returns the items of the table, by partition and sort key.
func (i *Items) All() []Attributes {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.all(true)
}

func (i *Items) all(consistent bool) []Attributes {
	keys := slices.SortedFunc(maps.Keys(i.items), func(a, b key) int {
		return strings.Compare(a.partition+"\x00"+a.sort, b.partition+"\x00"+b.sort)
	})
	var all []Attributes
	for _, k := range keys {
		if item := i.read(k, consistent); item != nil {
			all = append(all, item)
		}
	}
	return all
}

// Put writes an item, bypassing every condition.
func (i *Items) Put(item Attributes) error {
	k, err := keyOf(item)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.put(k, item)
	return nil
}

// Query implements the SDK's call for a partition or one of its items, for the items before
// a sort key, and for the indexes by-day, by-status, by-batch and by-turn, which lag as eventually
// consistent reads do.
func (i *Items) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	hash, order := "pk", "sk"
	switch aws.ToString(in.IndexName) {
	case "":
	case "by-day":
		hash, order = "day", "place"
	case "by-status":
		hash, order = "status", "place"
	case "by-turn":
		hash, order = "wait", "turn"
	case "by-batch":
		hash, order = "batch", "place"
	default:
		return nil, &invalid{"The table does not have the specified index: " + *in.IndexName}
	}
	conditions := strings.Split(aws.ToString(in.KeyConditionExpression), " AND ")
	matches := func(Attributes) bool { return true }
	for n, c := range conditions {
		parts := strings.Split(c, " ")
		if len(parts) != 3 || n > 1 || in.ExpressionAttributeNames[parts[0]] != []string{hash, order}[n] || in.ExpressionAttributeValues[parts[2]] == nil ||
			parts[1] != "=" && (n == 0 || parts[1] != "<") || in.IndexName != nil && aws.ToBool(in.ConsistentRead) {
			return nil, &invalid{"dynamofake does not know the query " + aws.ToString(in.KeyConditionExpression)}
		}
		before, name, value := matches, in.ExpressionAttributeNames[parts[0]], in.ExpressionAttributeValues[parts[2]]
		matches = func(item Attributes) bool {
			return before(item) && item[name] != nil && (parts[1] == "=" && equal(item[name], value) || parts[1] == "<" && textOf(item[name]) < textOf(value))
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	out := &dynamodb.QueryOutput{}
	keys := maps.Keys(i.indexed[hash])
	if partition, ok := in.ExpressionAttributeValues[":pk"].(*types.AttributeValueMemberS); ok && hash == "pk" {
		keys = slices.Values(i.partitions[partition.Value])
	}
	for k := range keys {
		if item := i.read(k, aws.ToBool(in.ConsistentRead)); item != nil && item[order] != nil && matches(item) {
			out.Items = append(out.Items, projected(item, hash))
		}
	}
	slices.SortFunc(out.Items, func(a, b Attributes) int {
		return cmp.Or(strings.Compare(textOf(a[order]), textOf(b[order])), strings.Compare(textOf(a["pk"]), textOf(b["pk"])))
	})
	for filter := range strings.SplitSeq(aws.ToString(in.FilterExpression), " AND ") {
		name, placeholder, ok := strings.Cut(filter, " = ")
		passes := equal
		if set, contains := strings.CutPrefix(filter, "contains("); contains {
			name, placeholder, ok = strings.Cut(strings.TrimSuffix(set, ")"), ", ")
			passes = has
		}
		if !ok {
			continue
		}
		out.Items = slices.DeleteFunc(out.Items, func(item Attributes) bool {
			return !passes(item[in.ExpressionAttributeNames[name]], in.ExpressionAttributeValues[placeholder])
		})
	}
	if in.ScanIndexForward != nil && !*in.ScanIndexForward {
		slices.Reverse(out.Items)
	}
	if in.ExclusiveStartKey != nil {
		for n, item := range out.Items {
			if equal(item["pk"], in.ExclusiveStartKey["pk"]) && equal(item["sk"], in.ExclusiveStartKey["sk"]) {
				out.Items = out.Items[n+1:]
				break
			}
		}
	}
	if most := int(aws.ToInt32(in.Limit)); most > 0 && len(out.Items) > most {
		out.Items = out.Items[:most]
		last := out.Items[most-1]
		out.LastEvaluatedKey = Attributes{"pk": last["pk"], "sk": last["sk"], hash: last[hash], order: last[order]}
	}
	return out, nil
}

// Projection returns the attributes that by-day, by-status and by-batch have besides their
// keys and the table's, as in template.yaml; by-day and by-batch have the status too.
func Projection() []string {
	return []string{
		"id", "created_at", "owner", "origin", "model", "prompt", "duration", "aspect_ratio", "pairs", "redrives", "submitted_at", "discarded_at", "forgotten_at", "manifest", "outcome", "wait", "wait_since",
	}
}

// TurnProjection returns those that by-turn has.
func TurnProjection() []string { return []string{"owner", "full_of", "counted_until"} }

// projected returns the part of an item that a key's index has.
func projected(item Attributes, hash string) Attributes {
	var names []string
	switch hash {
	case "pk":
		return maps.Clone(item)
	case "wait":
		names = append(TurnProjection(), "turn")
	default:
		names = append(Projection(), "place", "status")
	}
	has := Attributes{}
	for _, name := range append(names, "pk", "sk", hash) {
		if value := item[name]; value != nil {
			has[name] = value
		}
	}
	return has
}

// Scan implements the SDK's call without its filters.
func (i *Items) Scan(_ context.Context, in *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := &dynamodb.ScanOutput{}
	for _, item := range i.all(aws.ToBool(in.ConsistentRead)) {
		out.Items = append(out.Items, maps.Clone(item))
	}
	return out, nil
}

// DeleteItem implements the SDK's call without a condition.
func (i *Items) DeleteItem(_ context.Context, in *dynamodb.DeleteItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	k, err := keyOf(in.Key)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.items[k] != nil {
		i.put(k, nil)
	}
	return &dynamodb.DeleteItemOutput{}, nil
}

// PutItem implements the SDK's call.
func (i *Items) PutItem(_ context.Context, in *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	k, err := keyOf(in.Item)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	there := i.read(k, true)
	holds, err := condition(there, in.ConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues)
	switch {
	case err != nil:
		return nil, err
	case !holds:
		failed := &types.ConditionalCheckFailedException{Message: aws.String("The conditional request failed")}
		if in.ReturnValuesOnConditionCheckFailure == types.ReturnValuesOnConditionCheckFailureAllOld {
			failed.Item = maps.Clone(there)
		}
		return nil, failed
	}
	i.put(k, in.Item)
	return &dynamodb.PutItemOutput{}, nil
}

// TransactWriteItems implements the SDK's call for puts, updates that add, and condition
// checks.
func (i *Items) TransactWriteItems(_ context.Context, in *dynamodb.TransactWriteItemsInput, _ ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	token := aws.ToString(in.ClientRequestToken)
	if at, known := i.tokens[token]; known && time.Since(at) < tokenLife {
		return &dynamodb.TransactWriteItemsOutput{}, nil
	}
	reasons, cancelled := make([]types.CancellationReason, len(in.TransactItems)), false
	keys, written := make([]key, len(in.TransactItems)), make([]Attributes, len(in.TransactItems))
	for n, item := range in.TransactItems {
		w, err := writeOf(item)
		if err != nil {
			return nil, err
		}
		if keys[n], err = keyOf(w.item); err != nil {
			return nil, err
		}
		there := i.read(keys[n], true)
		holds, err := condition(there, w.condition, w.names, w.values)
		if err != nil {
			return nil, err
		}
		if written[n], err = w.carryOut(there); err != nil {
			return nil, err
		}
		reasons[n].Code = aws.String("None")
		if !holds {
			cancelled, reasons[n].Code = true, aws.String("ConditionalCheckFailed")
			if w.returns == types.ReturnValuesOnConditionCheckFailureAllOld {
				reasons[n].Item = maps.Clone(there)
			}
		}
	}
	if cancelled {
		return nil, &types.TransactionCanceledException{Message: aws.String("Transaction cancelled"), CancellationReasons: reasons}
	}
	for n, item := range written {
		if item != nil {
			i.put(keys[n], item)
		}
	}
	if token != "" {
		if i.tokens == nil {
			i.tokens = map[string]time.Time{}
		}
		i.tokens[token] = time.Now()
	}
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

// condition evaluates the supported conditions: attribute_not_exists(#a), #a = :v, and the
// condition of a counter.
func condition(item Attributes, expression *string, names map[string]string, values Attributes) (bool, error) {
	text := aws.ToString(expression)
	if text == "" {
		return true, nil
	}
	if strings.HasPrefix(text, "(") {
		return room(item, text, names, values)
	}
	if name, ok := strings.CutPrefix(text, "attribute_not_exists("); ok {
		attribute, known := names[strings.TrimSuffix(name, ")")]
		if !known {
			return false, &invalid{"Invalid ConditionExpression: " + text}
		}
		_, there := item[attribute]
		return !there, nil
	}
	name, placeholder, ok := strings.Cut(text, " = ")
	attribute, known := names[name]
	value := values[placeholder]
	if !ok || !known || value == nil {
		return false, &invalid{"dynamofake does not know the condition " + text}
	}
	return equal(item[attribute], value), nil
}

// equal compares strings and numbers.
func equal(a, b types.AttributeValue) bool {
	if a, ok := a.(*types.AttributeValueMemberS); ok {
		b, ok := b.(*types.AttributeValueMemberS)
		return ok && a.Value == b.Value
	}
	return a != nil && valueOf(a) == valueOf(b)
}

// has reports whether a set of strings has a string.
func has(set, value types.AttributeValue) bool {
	all, ok := set.(*types.AttributeValueMemberSS)
	return ok && slices.Contains(all.Value, textOf(value))
}

// textOf returns a key's value: all keys are strings.
func textOf(v types.AttributeValue) string {
	s, ok := v.(*types.AttributeValueMemberS)
	if !ok {
		return ""
	}
	return s.Value
}

func valueOf(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return "S" + v.Value
	case *types.AttributeValueMemberN:
		return "N" + v.Value
	}
	return fmt.Sprintf("%T", v)
}
