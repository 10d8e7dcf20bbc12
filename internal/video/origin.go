package video

// Trigger is what started a job.
type Trigger string

// The three triggers.
const (
	TriggerAPI       Trigger = "api"
	TriggerFile      Trigger = "file"      // a prompt file
	TriggerExecution Trigger = "execution" // an execution of the state machine that somebody started by hand
)

// Origin is where a job came from. The zero Origin is unknown.
type Origin struct {
	Trigger Trigger `json:"trigger"`
	// Token is the name of the API token that was used: the job's owner. It is empty for
	// the other triggers.
	Token string `json:"token,omitempty"`
	// Where a prompt file was, and its version, which is empty in a bucket without
	// versioning.
	Bucket  string `json:"bucket,omitempty"`
	Key     string `json:"key,omitempty"`
	Version string `json:"version,omitempty"`
}
