package dynamotest

import (
	"maps"
	"math/big"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// part is a put, an update or a condition check of a transaction.
type part struct {
	item      Attributes // of an update and a check: the keys
	update    string     // empty: none
	check     bool       // nothing is written
	condition *string
	names     map[string]string
	values    Attributes
	returns   types.ReturnValuesOnConditionCheckFailure
}

func writeOf(item types.TransactWriteItem) (part, error) {
	switch put, update, check := item.Put, item.Update, item.ConditionCheck; {
	case put != nil:
		return part{
			item: put.Item, condition: put.ConditionExpression, names: put.ExpressionAttributeNames, values: put.ExpressionAttributeValues,
			returns: put.ReturnValuesOnConditionCheckFailure,
		}, nil
	case update != nil:
		return part{
			item: update.Key, update: aws.ToString(update.UpdateExpression),
			condition: update.ConditionExpression, names: update.ExpressionAttributeNames, values: update.ExpressionAttributeValues,
			returns: update.ReturnValuesOnConditionCheckFailure,
		}, nil
	case check != nil:
		return part{
			item: check.Key, check: true,
			condition: check.ConditionExpression, names: check.ExpressionAttributeNames, values: check.ExpressionAttributeValues,
			returns: check.ReturnValuesOnConditionCheckFailure,
		}, nil
	}
	return part{}, &invalid{"dynamofake knows transactions of puts, updates and condition checks only"}
}

// carryOut returns the item after the write; nil if nothing is written.
func (p part) carryOut(there Attributes) (Attributes, error) {
	switch {
	case p.check:
		return nil, nil
	case p.update == "":
		return p.item, nil
	}
	additions, ok := strings.CutPrefix(p.update, "ADD ")
	if !ok {
		return nil, &invalid{"dynamofake does not know the update " + p.update}
	}
	after := maps.Clone(there)
	if after == nil {
		after = maps.Clone(p.item)
	}
	for addition := range strings.SplitSeq(additions, ", ") {
		name, placeholder, ok := strings.Cut(addition, " ")
		attribute, known := p.names[name]
		by, isNumber := numberOf(p.values[placeholder])
		if !ok || !known || !isNumber {
			return nil, &invalid{"Invalid UpdateExpression: " + p.update}
		}
		sum := by
		if before, is := numberOf(after[attribute]); is {
			sum = new(big.Int).Add(before, by)
		} else if after[attribute] != nil {
			return nil, &invalid{"An operand in the update expression has an incorrect data type"}
		}
		after[attribute] = &types.AttributeValueMemberN{Value: sum.String()}
	}
	return after, nil
}

func numberOf(v types.AttributeValue) (*big.Int, bool) {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return nil, false
	}
	return new(big.Int).SetString(n.Value, 10)
}

// room evaluates a counter's condition: that each of some attributes is absent or at most a
// limit, as in (attribute_not_exists(#a) OR #a <= :most).
func room(item Attributes, text string, names map[string]string, values Attributes) (bool, error) {
	holds := true
	for bounded := range strings.SplitSeq(text, " AND ") {
		inner, opened := strings.CutPrefix(bounded, "(attribute_not_exists(")
		inner, closed := strings.CutSuffix(inner, ")")
		name, rest, split := strings.Cut(inner, ") OR ")
		placeholder, same := strings.CutPrefix(rest, name+" <= ")
		if !opened || !closed || !split || !same || names[name] == "" {
			return false, &invalid{"dynamofake does not know the condition " + text}
		}
		most, ok := numberOf(values[placeholder])
		if !ok {
			return false, &invalid{"Invalid ConditionExpression: " + text}
		}
		if now, there := numberOf(item[names[name]]); there && now.Cmp(most) > 0 {
			holds = false
		}
	}
	return holds, nil
}
