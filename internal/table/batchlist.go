package table

import (
	"context"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/jobitem"
)

// byBatch lists the jobs of a batch.
func (l *listing) byBatch(ctx context.Context) (err error) {
	l.jobs, l.reached, err = l.read(ctx, byBatch, jobitem.BatchName, l.query.Batch, l.query.Limit+1)
	return err
}

// sifted reports whether the states are to be looked for among the jobs that are read.
func (q Query) sifted() bool { return q.Batch != "" && len(q.States) > 0 }

// textOf returns a text attribute, or "" if it is none.
func textOf(item dynamo.Attributes, name string) string {
	r := dynamo.Reader{Attributes: item}
	return r.Text(name)
}
