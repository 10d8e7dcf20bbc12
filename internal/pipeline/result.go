package pipeline

import "github.com/takeup/takeup/internal/video"

// result is what a turn of Submit comes to: the job or the error that Submit returns,
// or that the job's entry has to be read again.
type result struct {
	job   *video.Job // nil after an error; a pointer, since a Job is large
	err   error
	again bool
}

// done has Submit return a job.
func done(job video.Job) result { return result{job: &job} }

// fail has Submit return an error.
func fail(err error) result { return result{err: err} }

// readAgain has Submit read the entry again, which this turn or another writer changed.
func readAgain() result { return result{again: true} }

// unwritten is the result of a turn that could not write the entry: after a conflict,
// or without an error, it is read again.
func unwritten(err error) result {
	if err = unlessConflict(err); err != nil {
		return fail(err)
	}
	return readAgain()
}
