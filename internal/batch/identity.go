package batch

import (
	"crypto/sha256"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
)

// maxName is the longest name of a batch, in characters.
const maxName = 200

// NameOf gives the name of the batch that a file is where nobody says another: that of
// the file without its folders and its extension, so that a file that is moved or saved in
// another format is the same batch.
func NameOf(file string) string {
	base := path.Base(strings.ReplaceAll(file, `\`, "/"))
	return strings.TrimSuffix(base, path.Ext(base))
}

// CheckName refuses what can't be the name of a batch. The error is a fragment that
// follows what the name is called.
func CheckName(name string) error {
	if err := text.Check(name); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(name); n > maxName || strings.ContainsAny(name, "\r\n\t") {
		return fmt.Errorf("takes one line of at most %d characters", maxName)
	}
	return nil
}

// IDs numbers the jobs of one batch. A job's id is made of the batch's name and of what
// the provider is asked for, counted among equal ones. The number of a line, its label,
// its external_task_id, the other lines and the format of the file have no part in it:
// of a file that was corrected, sorted, extended or converted, the jobs that were there
// before have the ids that they had. More copies of a line are ids more.
type IDs struct {
	name  string
	again string
	count map[[sha256.Size]byte]int
}

// NewIDs numbers the jobs of the batch of that name. Another word in again makes all of
// them others, so that everything is bought anew; it is empty for the first time.
func NewIDs(name, again string) *IDs {
	return &IDs{name: name, again: again, count: map[[sha256.Size]byte]int{}}
}

// Next gives the ids of the next line's jobs, one for each copy.
func (n *IDs) Next(request video.Request, copies int) []string {
	sum := sha256.Sum256(request.Body())
	ids := make([]string, copies)
	for i := range ids {
		n.count[sum]++
		ids[i] = jobs.IDFromKey("batch", n.name, n.again, string(sum[:]), strconv.Itoa(n.count[sum]))
	}
	return ids
}
