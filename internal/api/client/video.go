package client

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// The statuses of a job.
const (
	Queued     = "queued"
	Generating = "generating"
	Completed  = "completed"
	Failed     = "error"
	Cancelled  = "cancelled"
	Discarded  = "discarded"
)

// Statuses are all of them.
func Statuses() []string {
	return []string{Queued, Generating, Completed, Failed, Cancelled, Discarded}
}

// Running asks a list for the jobs that are queued or generating.
const Running = "running"

// Query is what is listed. What is empty leaves out none.
type Query struct {
	Status string // one of Statuses, or Running
	Model  string
	Owner  string    // the name of a token
	Words  string    // of the prompt
	From   time.Time // created then or later
	Limit  int       // the most in a page; 0: the API's own
	Cursor string    // of the page before
}

// Video is all that is known of a job. Its JSON is the API's own.
type Video struct {
	ID          string          `json:"id"`
	Status      string          `json:"status"`
	Model       *string         `json:"model"`        // nil where it was started with no request
	Prompt      *string         `json:"prompt"`       // its beginning
	Duration    *int            `json:"duration"`     // in seconds, as asked for
	AspectRatio *string         `json:"aspect_ratio"` // as asked for
	Request     *video.Request  `json:"request"`      // nil in a list
	CreatedAt   time.Time       `json:"created_at"`
	Owner       *string         `json:"owner"`  // the name of the token; nil where none asked for it
	Origin      *Origin         `json:"origin"` // nil where it isn't known
	SubmittedAt *time.Time      `json:"submitted_at"`
	EndedAt     *time.Time      `json:"ended_at"`
	Discard     bool            `json:"discard"`
	ForgottenAt *time.Time      `json:"forgotten_at"` // nil where its texts weren't cleared
	Waiting     *Waiting        `json:"waiting"`      // nil where it has ended
	Estimate    *Estimate       `json:"estimate"`
	Error       *Outcome        `json:"error"`
	Cost        *Cost           `json:"cost"`
	Video       *File           `json:"video"`
	Manifest    *video.Manifest `json:"manifest"` // nil in a list
	History     []Happened      `json:"history"`  // the oldest first; nil in a list
}

// Status is how a job is doing, in short.
type Status struct {
	ID         string      `json:"id"`
	Status     string      `json:"status"`
	Paid       *video.Paid `json:"paid"` // nil where it isn't known
	Redrivable bool        `json:"redrivable"`
}

// Waiting is what a job waits for. What is nil isn't known.
type Waiting struct {
	For       video.WaitKind `json:"for"`
	Since     time.Time      `json:"since"`
	NextAt    *time.Time     `json:"next_at"`
	Until     *time.Time     `json:"until"`
	LastError *string        `json:"last_error"`
	Paid      *video.Paid    `json:"paid"`
	Message   string         `json:"message"`
}

// Happened is something that happened to a job.
type Happened struct {
	At      time.Time       `json:"at"`
	What    video.EventKind `json:"what"`
	Message string          `json:"message"`
}

// Origin is where a job came from. Token is of the API only, and what else can be nil
// of prompt files.
type Origin struct {
	Trigger video.Trigger `json:"trigger"`
	Token   *string       `json:"token"`
	Bucket  *string       `json:"bucket"`
	Key     *string       `json:"key"`
	Version *string       `json:"version"`
}

// Ended reports whether it has ended, with or without a video. A status that
// isn't known is not an end.
func (v Video) Ended() bool {
	return slices.Contains([]string{Completed, Failed, Cancelled, Discarded}, v.Status)
}

// Estimate is how much longer a job takes, most likely. What is nil isn't known.
type Estimate struct {
	LeftSeconds  *int     `json:"left_seconds"`
	Progress     *float64 `json:"progress"` // from 0 to 1
	UsualSeconds *int     `json:"usual_seconds"`
}

// Outcome is why a job has no video.
type Outcome struct {
	Name       string `json:"name"`
	Message    string `json:"message"`
	Advice     string `json:"advice"`
	Paid       string `json:"paid"` // no, yes or perhaps
	Redrivable bool   `json:"redrivable"`
}

// Cost is what the provider says that it charged.
type Cost struct {
	USD float64 `json:"usd"`
}

// File is the file of a completed video. Its URLs give it to whoever has them,
// for a short time.
type File struct {
	URL         string    `json:"url"`
	DownloadURL string    `json:"download_url"`
	ExpiresAt   time.Time `json:"expires_at"`
	ContentType string    `json:"content_type"`
	Bytes       int64     `json:"bytes"`
	CRC32       string    `json:"crc32"` // in base64, as S3 shows it
}

// Forgotten is a job without its texts, and what may have some of them still.
type Forgotten struct {
	Video Video     `json:"video"`
	Stays []Remnant `json:"stays"`
}

// Remnant is what Takeup can't clear of a job.
type Remnant struct {
	What  string     `json:"what"`
	Where string     `json:"where"`
	Until *time.Time `json:"until"` // nil where it stays until somebody removes it
	Todo  *string    `json:"todo"`  // how it can be removed sooner; nil where it can't
}

// Control is what the operator decided for all jobs, and what is held below the caps.
type Control struct {
	Paused *Paused `json:"paused"` // nil where jobs are submitted
	Caps   Caps    `json:"caps"`
}

// Caps are the caps, and what is held below each.
type Caps struct {
	Day      Cap       `json:"day"`
	Month    Cap       `json:"month"`
	InFlight Places    `json:"in_flight"`
	Override *Override `json:"override"` // nil where the parameters hold
	Owners   []Owner   `json:"owners"`   // that have a cap
}

// Cap is a cap on money that a parameter of the stack sets, unless somebody has set
// another. What is nil is no cap.
type Cap struct {
	Limit     *json.Number `json:"limit_usd"`
	Parameter *json.Number `json:"parameter_usd"`
	Held
}

// Owner is the cap on what an owner's jobs may cost in a UTC day.
type Owner struct {
	Name  string      `json:"owner"`
	Limit json.Number `json:"limit_usd"`
	Held
}

// Held is the money that counts against a cap until that begins anew.
type Held struct {
	Spent     json.Number `json:"spent_usd"`
	Reserved  json.Number `json:"reserved_usd"`
	Uncertain json.Number `json:"uncertain_usd"`
	ResetsAt  time.Time   `json:"resets_at"`
}

// Places is how many videos are under way. What is nil is no cap.
type Places struct {
	Limit     *int64 `json:"limit"`
	Parameter *int64 `json:"parameter"`
	Held      int64  `json:"held"`
}

// Override says who set caps in the place of the stack's parameters.
type Override struct {
	By    string     `json:"by"`
	At    time.Time  `json:"at"`
	Until *time.Time `json:"until"` // nil: until they are reset
}

// Paused says why no job is submitted. What is nil isn't known, or doesn't apply.
type Paused struct {
	By     *string    `json:"by"`
	Since  *time.Time `json:"since"`
	Reason *string    `json:"reason"`
	CopyOf *string    `json:"copy_of"`
}

// Page is a page of jobs; Next is the cursor of the next one, nil after the last.
type Page struct {
	Videos []Video `json:"videos"`
	Next   *string `json:"next"`
	// SearchedTo is how far back words were looked for; nil where there is nothing
	// further back, or none were.
	SearchedTo *time.Time `json:"searched_to"`
}

// Models are the models that there are, the default first.
type Models struct {
	Object  string  `json:"object"`
	Default string  `json:"default"`
	Models  []Model `json:"data"`
}

// Model is a model, what it takes, and what it costs.
type Model struct {
	Name       string      `json:"id"`
	Aliases    []string    `json:"aliases"`
	Type       string      `json:"type"`
	Info       ModelInfo   `json:"info"`
	Endpoints  []string    `json:"endpoints"`
	Tags       []string    `json:"tags"`
	Parameters []Parameter `json:"parameters"`
	NeedsOneOf []string    `json:"needs_one_of"`
	Durations  []int       `json:"durations"`
	Price      *Price      `json:"price"` // nil where it isn't known
	Charged    []Charge    `json:"charged"`
	Usual      []Usual     `json:"usual"`
}

// ModelInfo is what a model is called, and who made it.
type ModelInfo struct {
	Name      string `json:"name"`
	Developer string `json:"developer"`
}

// Price is what the provider's list says of a model.
type Price struct {
	Kind     string    `json:"kind"` // fixed, variants or variable
	Unit     string    `json:"unit"` // second or video; empty where the variants differ
	Variants []Variant `json:"variants"`
	Source   string    `json:"source"` // the address of the list
	Date     string    `json:"date"`   // when it was known to be like this, as 2026-08-21
}

// Variant is a price for Per units, for the requests that have the values of When.
type Variant struct {
	When map[string]string `json:"when"`
	USD  json.Number       `json:"usd"`
	Unit string            `json:"unit"`
	Per  int64             `json:"per"`
}

// Charge is the dearest of what the last videos of that duration cost.
type Charge struct {
	Duration int         `json:"duration"`
	USD      json.Number `json:"usd"`
}

// Checked is a request that would be taken, with its defaults.
type Checked struct {
	Request video.Request `json:"request"`
	Price   *Quote        `json:"price"` // nil where nothing tells what it costs
}

// Quote is what a request will cost. What is nil isn't known.
type Quote struct {
	USD     json.Number  `json:"usd"`
	Exact   bool         `json:"exact"` // USD and no more; otherwise, by the list, at least that
	MostUSD *json.Number `json:"most_usd"`
	Basis   string       `json:"basis"` // list, or charges: the dearest of the last ones
	Charged *json.Number `json:"charged_usd"`
	Source  *string      `json:"source"`
	Date    *string      `json:"date"`
}

// Usual is how long a video of that duration usually takes.
type Usual struct {
	Duration int `json:"duration"`
	Seconds  int `json:"seconds"`
}

// Parameter is one field of a model's request, in JSON Schema's words.
type Parameter struct {
	Name      string      `json:"name"`
	Type      string      `json:"type"`
	Required  bool        `json:"required"`
	Enum      []any       `json:"enum,omitempty"`
	Minimum   *float64    `json:"minimum,omitempty"`
	Maximum   *float64    `json:"maximum,omitempty"`
	MaxLength *int        `json:"max_length,omitempty"`
	MaxItems  *int        `json:"max_items,omitempty"`
	Default   any         `json:"default,omitempty"`
	Fields    []Parameter `json:"fields,omitempty"`
	Item      *Parameter  `json:"item,omitempty"`
}
