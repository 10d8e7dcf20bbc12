// Package record keeps the records beside the jobs in the table: the price list, the balance of
// the account, the learned times, the contents of prompt files, the requests that were sent
// without a key, the operator's decisions, and the position of the last sweep. Each is one item,
// which is read whole, and replaced on condition that its version is still the one that was read.
package record

import "github.com/takeup/takeup/internal/table/dynamo"

// Records reads and writes the records of one table. It is safe for concurrent use, also by many
// processes.
type Records struct{ store *dynamo.Store }

// New returns the Records of a table.
func New(store *dynamo.Store) *Records { return &Records{store} }
