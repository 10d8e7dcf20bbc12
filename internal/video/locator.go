package video

import "time"

// Locator has what the keys of a job's objects in the videos bucket may be made of. Package
// objectkey makes the keys, and alone decides which of it they have.
type Locator struct {
	ID string
	// CreatedAt is when the job was created. It is zero if only the job's ID is known.
	CreatedAt time.Time
}

// Locator returns the locator of the entry's job.
func (e Entry) Locator() Locator { return Locator{e.ID, e.CreatedAt} }

// Locator returns the locator of the job.
func (j Job) Locator() Locator { return Locator{j.ID, j.CreatedAt} }

// Locator returns the locator of the manifest's job.
func (m Manifest) Locator() Locator { return Locator{m.ID, m.CreatedAt} }
