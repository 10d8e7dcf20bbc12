package api

import (
	"encoding/json"
	"time"

	"github.com/takeup/takeup/internal/video"
)

// The paths of batches. {id} stands for the id of a batch.
const (
	BatchesPath      = "/batches"
	BatchPath        = "/batches/{id}"
	BatchStartPath   = "/batches/{id}/start"
	BatchResultsPath = "/batches/{id}/results"
)

// The query parameters of batches.
const (
	ParamBatch  = "batch"
	ParamFormat = "format"
)

// The formats of a batch's file, and of its results.
const (
	BatchCSV   = "csv"
	BatchJSONL = "jsonl"
)

// BatchRequest asks for a batch, and for a form that uploads its file.
type BatchRequest struct {
	Name        string         `json:"name"`
	Format      string         `json:"format"`       // BatchCSV or BatchJSONL
	AtOnce      int            `json:"at_once"`      // how many videos are made at once; 0: 20
	SkipInvalid bool           `json:"skip_invalid"` // run without the invalid lines
	Again       bool           `json:"again"`        // make all videos again, also those that exist
	MaxLines    int            `json:"max_lines"`    // 0: 10,000
	Defaults    map[string]any `json:"defaults"`     // fields for the lines that don't have them
}

// BatchUpload is a batch whose file is to be uploaded.
type BatchUpload struct {
	Batch  Batch  `json:"batch"`
	Upload Upload `json:"upload"`
}

// BatchStart starts a batch that is planned, or that has ended.
type BatchStart struct {
	SkipInvalid bool `json:"skip_invalid"`
}

// BatchList is a page of batches, the newest first.
type BatchList struct {
	Batches []Batch `json:"batches"`
	Next    *string `json:"next"` // the cursor of the next page; nil if there is none
}

// Batch is all that is known of a batch.
type Batch struct {
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Owner       *string      `json:"owner"`  // the name of the token; nil for a file that was put into the bucket
	Status      string       `json:"status"` // a record.State
	Reason      *string      `json:"reason"` // why its file can't be used, or never came
	CreatedAt   time.Time    `json:"created_at"`
	UploadUntil *time.Time   `json:"upload_until"` // until when its form is valid; nil unless it is uploading
	Run         int          `json:"run"`          // counts the runs
	AtOnce      int          `json:"at_once"`
	SkipInvalid bool         `json:"skip_invalid"`
	Source      *BatchSource `json:"source"` // nil before its file is uploaded
	Plan        *BatchPlan   `json:"plan"`   // nil before it is planned; in a list, without its lines
	Counts      BatchCounts  `json:"counts"`
	Money       BatchMoney   `json:"money"`
	Paused      *BatchPaused `json:"paused"`        // nil unless its jobs wait for a limit on money
	EstimatedAt *time.Time   `json:"estimated_end"` // nil unless videos of it are still to be made
	EndedAt     *time.Time   `json:"ended_at"`
}

// BatchSource is the version of the file that is run.
type BatchSource struct {
	Bucket  string `json:"bucket"`
	Key     string `json:"key"`
	Version string `json:"version"` // or the ETag, in a bucket without versions
}

// BatchPlan is what a file's lines are, before anything is paid.
type BatchPlan struct {
	Lines      int          `json:"lines"`        // valid lines
	Wrong      int          `json:"wrong"`        // invalid lines
	Quotes     bool         `json:"wrong_quotes"` // no line can be skipped
	WrongLines []WrongLine  `json:"wrong_lines"`  // the first ones
	Videos     BatchVideos  `json:"videos"`
	Models     []BatchPrice `json:"models"`
	Total      BatchPrice   `json:"total"`
	Seconds    int          `json:"seconds"`         // how long it takes, as far as is known
	Unknown    int          `json:"seconds_unknown"` // videos whose time isn't known
}

// WrongLine is an invalid line.
type WrongLine struct {
	Line   int                `json:"line"`
	Row    int                `json:"row,omitempty"`
	Fields []video.FieldError `json:"errors"`
}

// BatchVideos are the videos of a plan, by what is to be done for them.
type BatchVideos struct {
	New     int `json:"new"`
	Resume  int `json:"resume"`
	Running int `json:"running"`
	Stored  int `json:"stored"`
	Over    int `json:"over"` // they ended without a video for good
}

// BatchPrice is what videos of a plan cost.
type BatchPrice struct {
	Model     string      `json:"model,omitempty"` // empty: all
	Videos    int         `json:"videos"`
	USD       json.Number `json:"usd"`      // the least
	MostUSD   json.Number `json:"most_usd"` // of the videos that have a bound
	Unbounded int         `json:"unbounded"`
	Unpriced  int         `json:"unpriced"` // not in the sums
}

// BatchCounts are the videos of a batch by their state.
type BatchCounts struct {
	Videos    int64 `json:"videos"`
	New       int64 `json:"new"` // not begun
	Waiting   int64 `json:"waiting"`
	Running   int64 `json:"running"`
	Stored    int64 `json:"stored"`
	Failed    int64 `json:"failed"`
	Cancelled int64 `json:"cancelled"`
}

// BatchMoney is the money of a batch.
type BatchMoney struct {
	Spent     json.Number `json:"spent_usd"`
	Reserved  json.Number `json:"reserved_usd"`
	Uncertain json.Number `json:"uncertain_usd"`
}

// BatchPaused says which limit a batch waits for.
type BatchPaused struct {
	Limit string     `json:"limit"` // day, month or owner
	Until *time.Time `json:"until"`
}

// BatchResults says where the results of a batch that has ended are.
type BatchResults struct {
	DownloadURL string `json:"download_url"` // is saved as a file by a browser; it works for a short time
}

// BatchCancelled says what became of the videos of a batch that was cancelled.
type BatchCancelled struct {
	Batch     Batch `json:"batch"`
	Cancelled int64 `json:"cancelled"` // never submitted, and never paid
	Submitted int64 `json:"submitted"` // will be charged, and stored
	Done      int64 `json:"done"`      // had ended before
	Left      int64 `json:"left"`      // never submitted; another request ends them, or they end by themselves
}
