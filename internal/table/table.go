package table

import (
	"sync"
	"time"

	"github.com/takeup/takeup/internal/table/counter"
	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/table/record"
)

// Table reads and writes the items of one table: the jobs, and by the packages record and
// counter, whose methods it has, what is beside them. It is safe for concurrent use, also by
// many processes.
type Table struct {
	records
	sums
	store *dynamo.Store

	mu  sync.Mutex
	day string // the last day that putDay wrote
}

// The types are embedded under names that are not exported.
type (
	records = record.Records
	sums    = counter.Book
)

// New returns a Table. Each call of mark returns a text of at most 36 characters that no call in
// any process has returned before. Each call of jitter returns a random part of a duration.
func New(client dynamo.Client, name string, mark func() string, jitter func(time.Duration) time.Duration) *Table {
	store := &dynamo.Store{Client: client, Name: name, Mark: mark, Jitter: jitter}
	return &Table{records: *record.New(store), sums: *counter.New(store), store: store}
}

// Name returns the name of the table.
func (t *Table) Name() string { return t.store.Name }
