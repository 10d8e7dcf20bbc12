package submit

import (
	"github.com/takeup/takeup/internal/video"
)

// result is the result of one turn of Submit: the job or the error that Submit returns, or that
// it must read the job's entry again.
type result struct {
	job   *video.Job // nil after an error; a pointer because a Job is large
	err   error
	again bool
}

// done makes Submit return a job.
func done(job video.Job) result { return result{job: &job} }

// fail makes Submit return an error.
func fail(err error) result { return result{err: err} }

// readAgain makes Submit read the entry again, after this turn or another writer changed it.
func readAgain() result { return result{again: true} }

// unwritten is the result of a turn that could not write the entry. After a conflict, or if err
// is nil, Submit reads the entry again.
func unwritten(err error) result {
	if err = video.UnlessConflict(err); err != nil {
		return fail(err)
	}
	return readAgain()
}
