package counter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/dynamo"
)

// usagePartition returns the partition of a month's sums by owner, for example "usage#2026-08".
func usagePartition(month string) string { return "usage#" + month }

// usageKey returns the sort key of an owner's day, for example "21#alice", or "21#" for jobs
// without a token.
func usageKey(day, owner string) string { return day[len("2006-01-"):] + "#" + owner }

// The attributes of an owner's day for each model are named by figure and model, such as
// "spent#" and the model. Besides the sums of the money, which are named as a month's are, they
// count attempts. held is the sum over the models.
const (
	videosName  = "videos"
	failedName  = "failed"
	inDoubtName = "in_doubt"
)

// attemptsOf returns the attribute that counts the attempts of a state, or "" if there is none.
func attemptsOf(state budget.State) string {
	switch state {
	case budget.Spent:
		return videosName
	case budget.Failed:
		return failedName
	case budget.Uncertain:
		return inDoubtName
	}
	return ""
}

// addUsage adds an attempt to the item of its owner's day, or subtracts it if the sign is -1.
func addUsage(c *counter, model string, m budget.Money, sign int64) {
	if name := nameOf(m.State); name != "" {
		c.add(heldName, sign*m.Micros)
		c.add(name+"#"+model, sign*m.Micros)
	}
	if name := attemptsOf(m.State); name != "" {
		c.add(name+"#"+model, sign)
	}
}

// Usage sums up the attempts that were claimed in a month such as 2026-08, by day, owner and
// model. The error is a *video.ServiceUnavailable.
func (book *Book) Usage(ctx context.Context, month string) ([]budget.Usage, error) {
	const doing = "reading what was spent"
	if _, err := time.Parse("2006-01", month); err != nil {
		return nil, dynamo.Unavailable(doing, err)
	}
	items, err := book.usageOf(ctx, month)
	if err != nil {
		return nil, err
	}
	var all []budget.Usage
	for _, item := range items {
		usage, err := decodeUsage(month, item)
		if err != nil {
			return nil, dynamo.Unavailable(doing, err)
		}
		all = append(all, usage...)
	}
	return all, nil
}

// usageOf reads the items of all owners' days in a month.
func (book *Book) usageOf(ctx context.Context, month string) (items []dynamo.Attributes, err error) {
	pages := dynamodb.NewQueryPaginator(book.store.Client, &dynamodb.QueryInput{
		TableName: &book.store.Name, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("#pk = :pk"),
		ExpressionAttributeNames:  map[string]string{"#pk": dynamo.PartitionKey},
		ExpressionAttributeValues: map[string]types.AttributeValue{":pk": dynamo.Text(usagePartition(month))},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, dynamo.Unavailable("reading what was spent", err)
		}
		for _, item := range page.Items {
			items = append(items, item)
		}
	}
	return items, nil
}

// decodeUsage reads the item of an owner's day, sorted by model. It omits a model whose attempts
// were all released.
func decodeUsage(month string, item dynamo.Attributes) ([]budget.Usage, error) {
	r := dynamo.Reader{Attributes: item}
	key := r.Text(dynamo.SortKey)
	day, owner, ok := strings.Cut(key, "#")
	if !ok {
		r.Fail(dynamo.SortKey, errors.New("it has no owner"))
	}
	models := map[string]*budget.Usage{}
	for attribute := range item {
		figure, model, ok := strings.Cut(attribute, "#")
		if !ok {
			continue
		}
		u := models[model]
		if u == nil {
			u = &budget.Usage{Day: month + "-" + day, Owner: owner, Model: model}
			models[model] = u
		}
		if field := fieldOf(u, figure); field != nil {
			*field = r.Number(attribute)
		}
	}
	if r.Err != nil {
		return nil, fmt.Errorf("the item %s %s can't be read: %w", usagePartition(month), key, r.Err)
	}
	var all []budget.Usage
	for model, u := range models {
		if *u != (budget.Usage{Day: u.Day, Owner: owner, Model: model}) {
			all = append(all, *u)
		}
	}
	slices.SortFunc(all, func(a, b budget.Usage) int { return strings.Compare(a.Model, b.Model) })
	return all, nil
}

// fieldOf returns the field of a figure, or nil if the figure isn't known.
func fieldOf(u *budget.Usage, figure string) *int64 {
	switch figure {
	case videosName:
		return &u.Videos
	case failedName:
		return &u.Failed
	case inDoubtName:
		return &u.InDoubt
	case reservedName:
		return &u.ReservedMicros
	case spentName:
		return &u.SpentMicros
	case uncertainName:
		return &u.UncertainMicros
	}
	return nil
}
