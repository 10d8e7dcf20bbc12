// Package charges compares what the provider charged with the results of a batch: each charge must
// have exactly one line, and each stored line exactly one charge.
package charges

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
	"github.com/takeup/takeup/internal/video"
)

// Verdict says how the charges and the lines match.
type Verdict struct {
	Lines  int // of the results
	Done   int // lines with a stored video
	Failed int // the other lines
	// Twice counts the charges beyond the first of a job, and the lines beyond the first.
	Twice int
	// Missing counts the charges without a stored line, and the stored lines without a charge.
	Missing int
}

// Read reads results in JSON Lines.
func Read(from io.Reader) ([]batchfile.Result, error) {
	var all []batchfile.Result
	for decoder := json.NewDecoder(from); ; {
		var r batchfile.Result
		err := decoder.Decode(&r)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("result %d: %w", len(all)+1, err)
		}
		all = append(all, r)
	}
}

// Compare compares the results of a batch with the generations that the provider made for it. A
// generation that ends with a video is charged, whether or not its job learns of it.
func Compare(results []batchfile.Result, generations []sim.Generation) Verdict {
	charged, lines, stored := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, g := range generations {
		if g.Outcome == script.OutcomeCompleted {
			job, _, _ := strings.Cut(g.ClientRequestID, ".")
			charged[job]++
		}
	}
	v := Verdict{Lines: len(results)}
	for _, r := range results {
		lines[r.ID]++
		if r.Status == string(video.StateCompleted) && r.S3 != "" {
			v.Done++
			stored[r.ID] = true
		} else {
			v.Failed++
		}
	}
	for job, n := range charged {
		v.Twice += n - 1
		if !stored[job] {
			v.Missing++
		}
	}
	for job, n := range lines {
		v.Twice += n - 1
		if stored[job] && charged[job] == 0 {
			v.Missing++
		}
	}
	return v
}
