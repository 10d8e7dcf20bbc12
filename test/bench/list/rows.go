package list

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The rows of the report.
const (
	firstPage   = "GET /videos?limit=50"
	lastPage    = "the same, last page"
	errorPage   = "GET /videos?status=error"
	rarePage    = "GET /videos?q=, a rare word"
	commonPage  = "GET /videos?q=, a common word"
	oneRunning  = "GET /videos/{id}, running"
	oneFinished = "GET /videos/{id}, finished"
	create      = "POST"
	models      = "GET /models"
	openPage    = "the open page, 10 jobs running"
)

// row is a kind of request to measure.
type row struct {
	name    string
	request func(i int) request
	absent  bool // the version has no such request
	at      int  // its index among the measured
}

func get(path string) func(int) request {
	return func(int) request { return request{method: http.MethodGet, path: path} }
}

func post(prompt string) request {
	body, err := json.Marshal(map[string]string{"prompt": prompt})
	if err != nil {
		panic("benchlist: " + err.Error()) // it is two strings
	}
	return request{method: http.MethodPost, path: "/v2/video/generations", body: string(body)}
}

// makeRows finds the jobs and the page to request.
func (s *subject) makeRows(ctx context.Context) error {
	for _, of := range []struct {
		status string
		id     *string
	}{{"generating", &s.ids.running}, {"completed", &s.ids.finished}} {
		page, err := s.list(ctx, "?limit=1&status="+of.status)
		if err != nil {
			return err
		}
		if len(page.Videos) == 0 {
			return fmt.Errorf("no job is %s", of.status)
		}
		*of.id = page.Videos[0].ID
	}
	last := ""
	for query := "?limit=50"; query != ""; {
		page, err := s.list(ctx, query)
		if err != nil {
			return err
		}
		last, query = "/videos"+query, ""
		if page.Next != nil {
			query = "?limit=50&cursor=" + url.QueryEscape(*page.Next)
		}
	}
	found, err := s.list(ctx, "?status=error&limit=50")
	if err != nil {
		return err
	}
	if n := len(found.Videos); found.Next == nil && n != failed {
		return fmt.Errorf("%d jobs failed, not %d", n, failed)
	}
	unsearched := s.name == earlierCommit
	s.rows = []row{
		{name: firstPage, request: get("/videos?limit=50")},
		{name: lastPage, request: get(last)},
		{name: errorPage, request: get("/videos?status=error")},
		{name: rarePage, request: get("/videos?q=" + rare), absent: unsearched},
		{name: commonPage, request: get("/videos?q=number"), absent: unsearched},
		{name: oneRunning, request: get("/videos/" + s.ids.running)},
		{name: oneFinished, request: get("/videos/" + s.ids.finished)},
		{name: create, request: func(i int) request { return post(fmt.Sprintf("one more, number %d", i)) }},
		{name: models, request: get("/models")},
	}
	return nil
}

// timeAll sends each request of each subject once per round, interleaved with bare reads of the
// first subject's table, so that other load on the machine affects all alike. The first round
// isn't counted. New jobs come last, since they load the machine later.
func timeAll(ctx context.Context, rounds int, subjects ...*subject) error {
	bare := subjects[0]
	for _, creates := range []bool{false, true} {
		for round := range rounds + 1 {
			for _, s := range subjects {
				for _, r := range s.rows {
					if r.absent || (r.name == create) != creates {
						continue
					}
					_, took, err := s.function.ask(ctx, r.request(round))
					if err != nil {
						return err
					}
					if round > 0 {
						s.measured[r.at].Times = append(s.measured[r.at].Times, took)
					}
				}
			}
			if creates {
				continue
			}
			if err := bare.readBare(ctx, round > 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// readBare reads a first page, a job's items and a job's item by the SDK alone.
func (s *subject) readBare(ctx context.Context, counts bool) error {
	table := s.stack.Outputs["JobsTable"]
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	query := func(index *string, condition string, limit int32, names map[string]string, values map[string]types.AttributeValue) func() (int, error) {
		return func() (int, error) {
			out, err := s.dynamodb.Query(ctx, &dynamodb.QueryInput{
				TableName: &table, IndexName: index, KeyConditionExpression: &condition, Limit: &limit,
				ScanIndexForward: aws.Bool(false), ExpressionAttributeNames: names, ExpressionAttributeValues: values,
			})
			if err != nil {
				return 0, err
			}
			return len(out.Items), nil
		}
	}
	now := time.Now().UTC()
	partition := text("job#" + s.ids.finished)
	for _, read := range []struct {
		times *[]time.Duration
		least int
		do    func() (int, error)
	}{
		{&s.bare.List, 51, query(aws.String("by-day"), "#day = :day AND #place < :before", 51,
			map[string]string{"#day": "day", "#place": "place"},
			map[string]types.AttributeValue{":day": text(s.today), ":before": text(now.Format(time.RFC3339))})},
		{&s.bare.Job, 2, query(nil, "#pk = :pk", 10, map[string]string{"#pk": "pk"}, map[string]types.AttributeValue{":pk": partition})},
		{&s.bare.Item, 1, func() (int, error) {
			out, err := s.dynamodb.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: map[string]types.AttributeValue{"pk": partition, "sk": text("job")}})
			if err != nil {
				return 0, err
			}
			return min(1, len(out.Item)), nil
		}},
	} {
		began := time.Now()
		n, err := read.do()
		took := time.Since(began)
		switch {
		case err != nil:
			return fmt.Errorf("a bare read: %w", err)
		case n < read.least:
			return fmt.Errorf("a bare read gave %d items of %d", n, read.least)
		case counts:
			*read.times = append(*read.times, took)
		}
	}
	return nil
}
