// Package retries tests the state machine's retriers on the engine. Each step's function reports
// errors for a while instead of doing its work, and the job has to end as those errors require.
package retries
