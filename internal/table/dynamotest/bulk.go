package dynamotest

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// BatchGetItem implements the SDK's call. It returns at most half of the items that are asked
// for, and leaves the others unprocessed.
func (i *Items) BatchGetItem(_ context.Context, in *dynamodb.BatchGetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out := &dynamodb.BatchGetItemOutput{Responses: map[string][]map[string]types.AttributeValue{}, UnprocessedKeys: map[string]types.KeysAndAttributes{}}
	i.mu.Lock()
	defer i.mu.Unlock()
	for name, asked := range in.RequestItems {
		if len(asked.Keys) > 100 {
			return nil, &invalid{"Too many items requested for the BatchGetItem call"}
		}
		seen := map[key]bool{}
		for n, item := range asked.Keys {
			k, err := keyOf(item)
			switch {
			case err != nil:
				return nil, err
			case seen[k]:
				return nil, &invalid{"Provided list of item keys contains duplicates"}
			}
			seen[k] = true
			if n > len(asked.Keys)/2 {
				rest := out.UnprocessedKeys[name]
				rest.Keys, rest.ConsistentRead = append(rest.Keys, item), asked.ConsistentRead
				out.UnprocessedKeys[name] = rest
				continue
			}
			if found := i.read(k, aws.ToBool(asked.ConsistentRead)); found != nil {
				out.Responses[name] = append(out.Responses[name], maps.Clone(found))
			}
		}
	}
	return out, nil
}

// bulk is a part of a BatchGetItem call, or of its reply.
type bulk struct {
	Keys           []attributes
	ConsistentRead *bool
}

// getItems performs a BatchGetItem call.
func (s *Server) getItems(ctx context.Context, in request, out *reply) error {
	asked := map[string]types.KeysAndAttributes{}
	for name, part := range in.RequestItems {
		one := types.KeysAndAttributes{ConsistentRead: part.ConsistentRead}
		for _, k := range part.Keys {
			one.Keys = append(one.Keys, Attributes(k))
		}
		asked[name] = one
	}
	got, err := s.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: asked})
	if err != nil {
		return err
	}
	out.Responses, out.UnprocessedKeys = map[string][]attributes{}, map[string]bulk{}
	for name, items := range got.Responses {
		for _, item := range items {
			out.Responses[name] = append(out.Responses[name], item)
		}
	}
	for name, rest := range got.UnprocessedKeys {
		one := bulk{ConsistentRead: rest.ConsistentRead}
		for _, k := range rest.Keys {
			one.Keys = append(one.Keys, k)
		}
		out.UnprocessedKeys[name] = one
	}
	return nil
}
