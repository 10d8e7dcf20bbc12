package server

import (
	"fmt"
	"net/http"

	"github.com/takeup/takeup/internal/jobs"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
)

// maxStatuses is how many jobs can be asked for at once.
const maxStatuses = 100

type statusList struct {
	Statuses []status `json:"statuses"`
}

// status is how a job is doing, in short.
type status struct {
	ID         string      `json:"id"`
	Status     video.State `json:"status"`
	Paid       *video.Paid `json:"paid"`
	Redrivable bool        `json:"redrivable"`
}

// statuses says how many jobs are doing, by their ids.
func (a *API) statuses(r *http.Request) answer {
	body, refused := read(r)
	if refused != nil {
		return *refused
	}
	const takes = `it takes {"ids": ["api-2dfu3kqr6tjm5hqk4yztz3y6xe"]}`
	decoded, err := text.Decode(body)
	if err != nil {
		return refuse(http.StatusBadRequest, "the request %v", err)
	}
	given, _, err := text.Object(decoded)
	if err != nil {
		return refuse(http.StatusBadRequest, "the request %v; %s", err, takes)
	}
	ids, wrong := idsOf(given)
	if len(wrong) > 0 {
		return refuseFields(wrong)
	}
	views, err := a.Jobs.Statuses(r.Context(), ids)
	if err != nil {
		return unavailable("", err, "how the videos are doing can't be told at the moment; ask again")
	}
	list := statusList{Statuses: []status{}}
	for _, view := range views {
		list.Statuses = append(list.Statuses, status{ID: view.ID, Status: view.State, Paid: paidOf(view), Redrivable: view.Redrivable})
	}
	return answer{status: http.StatusOK, body: list}
}

// idsOf reads the ids that are asked for.
func idsOf(given map[string]any) (ids []string, wrong []video.FieldError) {
	all, _ := given["ids"].([]any)
	if len(all) == 0 || len(all) > maxStatuses {
		wrong = append(wrong, video.FieldError{Field: "ids", Message: fmt.Sprintf("takes a list of 1 to %d ids", maxStatuses)})
		all = nil
	}
	for i, value := range all {
		id, _ := value.(string)
		if !video.ValidID(id) {
			wrong = append(wrong, video.FieldError{Field: fmt.Sprintf("ids[%d]", i), Message: "is not the id of a video; it takes the one that the POST gave"})
		}
		ids = append(ids, id)
	}
	if delete(given, "ids"); len(given) > 0 {
		wrong = append(wrong, video.FieldError{Message: "there are more fields than ids, which is the only one"})
	}
	return ids, wrong
}

// paidOf says whether a job costs money, as far as it has come; nil where that isn't
// known.
func paidOf(view jobs.View) *video.Paid {
	paid := video.Paid("")
	switch {
	case view.State == video.StateCompleted:
		paid = video.PaidYes
	case view.Outcome != nil:
		paid = view.Outcome.Paid()
	case view.Waiting != nil:
		paid = view.Waiting.Paid
	}
	if paid == "" {
		return nil
	}
	return &paid
}
