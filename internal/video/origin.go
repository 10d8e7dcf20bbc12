package video

// Trigger is what started a job.
type Trigger string

// The three ways in.
const (
	TriggerAPI       Trigger = "api"
	TriggerFile      Trigger = "file"      // a prompt file
	TriggerExecution Trigger = "execution" // of the state machine, which somebody started by hand
)

// Origin is where a job came from. The zero Origin is one that isn't known.
type Origin struct {
	Trigger Trigger `json:"trigger"`
	// Token is the name of the API token that was used: the job's owner. It is empty for
	// the other triggers.
	Token string `json:"token,omitempty"`
	// Of a prompt file: where it was, and its version; empty in a bucket that
	// keeps none.
	Bucket  string `json:"bucket,omitempty"`
	Key     string `json:"key,omitempty"`
	Version string `json:"version,omitempty"`
}
