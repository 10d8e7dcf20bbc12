// Package retries tests the state machine's retriers on the engine: each step's
// function reports errors for a while, instead of doing its work, and the job
// has to end as the errors' names say.
package retries
