package jobitem

import (
	"time"

	"github.com/takeup/takeup/internal/table/dynamo"
)

// Day returns the day of a time, in UTC.
func Day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// Place returns the position of a job among all jobs, by creation and id. Its first ten
// characters are the day.
func Place(at time.Time, id string) string { return at.UTC().Format(dynamo.TimeLayout) + "#" + id }
