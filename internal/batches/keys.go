package batches

import (
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/bucket/objectkey"
)

func linesKey(b record.Batch) string { return objectkey.BatchRun(b.ID, b.Run, objectkey.BatchLines) }
func requestsKey(b record.Batch) string {
	return objectkey.BatchRun(b.ID, b.Run, objectkey.BatchRequests)
}
