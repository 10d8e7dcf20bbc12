package jobitem

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/table/dynamo"
	"github.com/takeup/takeup/internal/video/report"
)

// ProgressPrefix begins the sort key of a step's progress. It sorts between those of the job and
// the request.
const ProgressPrefix = "progress#"

// ForgottenName is the attribute for when a job was forgotten, in the job and in its progress.
const ForgottenName = "forgotten_at"

// EncodeProgress returns the item of the progress of a step.
func EncodeProgress(id string, progress report.Progress) dynamo.Attributes {
	item := dynamo.Attributes{}
	item.Put(dynamo.PartitionKey, Prefix+id)
	item.Put(dynamo.SortKey, ProgressPrefix+string(progress.Step))
	if w := progress.Wait; w.Kind != "" {
		wait := dynamo.Attributes{}
		wait.Put("kind", string(w.Kind))
		wait.PutTime("at", w.At)
		wait.PutNumber("attempt", int64(w.Attempt))
		wait.PutTime("next_at", w.NextAt)
		wait.PutTime("until", w.Until)
		wait.Put("last_error", w.LastError)
		item["waiting"] = &types.AttributeValueMemberM{Value: wait}
	}
	var events []types.AttributeValue
	for _, e := range progress.Events {
		event := dynamo.Attributes{}
		event.PutTime("at", e.At)
		event.Put("kind", string(e.Kind))
		event.PutNumber("number", int64(e.Number))
		event.PutNumber("times", int64(e.Times))
		event.Put("said", e.Said)
		events = append(events, &types.AttributeValueMemberM{Value: event})
	}
	item["events"] = &types.AttributeValueMemberL{Value: events}
	return item
}

// DecodeProgress reads the progress of a step. It omits what can't be read.
func DecodeProgress(step report.Step, item dynamo.Attributes) report.Progress {
	progress := report.Progress{Step: step}
	r := dynamo.Reader{Attributes: item}
	if wait, ok := r.Part("waiting"); ok {
		read := report.Wait{
			Kind: report.WaitKind(wait.Text("kind")), At: wait.Time("at"), Attempt: int(wait.Number("attempt")),
			NextAt: wait.Time("next_at"), Until: wait.Time("until"), LastError: wait.Text("last_error"),
		}
		if wait.Err == nil {
			progress.Wait = read
		}
	}
	list, _ := item["events"].(*types.AttributeValueMemberL)
	if list == nil {
		return progress
	}
	for _, value := range list.Value {
		of, _ := value.(*types.AttributeValueMemberM)
		if of == nil {
			continue
		}
		event := dynamo.Reader{Attributes: of.Value}
		read := report.Event{
			At: event.Time("at"), Kind: report.EventKind(event.Text("kind")),
			Number: int(event.Number("number")), Times: int(event.Number("times")), Said: event.Text("said"),
		}
		if event.Err == nil && !read.At.IsZero() {
			progress.Events = append(progress.Events, read)
		}
	}
	return progress
}
