package batchfile

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"regexp"
	"strconv"
	"sync"

	"github.com/takeup/takeup/internal/text"
)

// Result is what became of one video of a batch. What is nil isn't known.
type Result struct {
	Line    int          `json:"line"`
	Label   string       `json:"label"`
	ID      string       `json:"id"`
	Status  string       `json:"status"`
	Reason  string       `json:"reason"` // why there is no video
	ToDo    string       `json:"to_do"`
	Seconds *float64     `json:"seconds"` // of video
	Bytes   *int64       `json:"bytes"`
	USD     *json.Number `json:"usd"`
	S3      string       `json:"s3"` // the address of the video
}

// ResultWriter writes a file of results.
type ResultWriter interface {
	Write(Result) error
	// Flush writes what is still kept.
	Flush() error
}

// NewResultsJSONL makes a writer of JSONL, with every text as it is.
func NewResultsJSONL(w io.Writer) ResultWriter {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return resultsJSONL{encoder}
}

type resultsJSONL struct{ encoder *json.Encoder }

func (r resultsJSONL) Write(result Result) error { return r.encoder.Encode(result) }

func (r resultsJSONL) Flush() error { return nil }

// NewResultsCSV makes a writer of CSV for spreadsheets: in UTF-8 with a byte order mark,
// which Excel needs. A text that a spreadsheet would run as a formula has an apostrophe
// before it, and control characters are spaces. Numbers stay numbers.
// https://owasp.org/www-community/attacks/CSV_Injection
func NewResultsCSV(w io.Writer) (ResultWriter, error) {
	if _, err := io.WriteString(w, mark); err != nil {
		return nil, err
	}
	r := resultsCSV{csv.NewWriter(w)}
	return r, r.csv.Write([]string{"line", "label", "id", "status", "reason", "to_do", "seconds", "bytes", "usd", "s3"})
}

type resultsCSV struct{ csv *csv.Writer }

func (r resultsCSV) Write(result Result) error {
	return r.csv.Write([]string{
		strconv.Itoa(result.Line), harmless(result.Label), harmless(result.ID), harmless(result.Status), harmless(result.Reason), harmless(result.ToDo),
		written(result.Seconds, func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }),
		written(result.Bytes, func(n int64) string { return strconv.FormatInt(n, 10) }),
		written(result.USD, json.Number.String), harmless(result.S3),
	})
}

func (r resultsCSV) Flush() error {
	r.csv.Flush()
	return r.csv.Error()
}

func written[T any](n *T, text func(T) string) string {
	if n == nil {
		return ""
	}
	return text(*n)
}

// formula is the beginning of a text that is run as a formula; also after a semicolon,
// which is where a spreadsheet in many countries begins the next cell. It is
// compiled on first use, to keep cold starts fast.
var formula = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|;)([\s\pZ\p{Cf}]*)([=+\-@＝＋－＠])`) })

func harmless(s string) string {
	// Tab and CR make what comes after them a formula, too: they are spaces.
	return formula().ReplaceAllString(text.Printable(s), "$1$2'$3")
}
