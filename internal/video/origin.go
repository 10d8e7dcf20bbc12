package video

// Trigger is what started a job.
type Trigger string

// The triggers.
const (
	TriggerAPI       Trigger = "api"
	TriggerFile      Trigger = "file"      // a prompt file
	TriggerBatch     Trigger = "batch"     // a line of a batch's file
	TriggerExecution Trigger = "execution" // an execution of the state machine that somebody started by hand
)

// Origin is where a job came from. The zero Origin is unknown.
type Origin struct {
	Trigger Trigger `json:"trigger"`
	// Token is the name of the API token that was used: the job's owner. It is empty for
	// a job that didn't come by the API.
	Token string `json:"token,omitempty"`
	// Where a prompt file was, and its version, which is empty in a bucket without
	// versioning.
	Bucket  string `json:"bucket,omitempty"`
	Key     string `json:"key,omitempty"`
	Version string `json:"version,omitempty"`
	// Of a batch's job: the batch's id, the number of the line in its file, which of the line's
	// videos it is, from 1, and the name that the owner gave the line.
	Batch string `json:"batch,omitempty"`
	Line  int    `json:"line,omitempty"`
	Copy  int    `json:"copy,omitempty"`
	Label string `json:"label,omitempty"`
}
