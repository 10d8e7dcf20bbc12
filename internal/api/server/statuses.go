package server

import (
	"fmt"
	"net/http"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/video"
)

// statuses gives the statuses of the jobs among some ids.
func (a *API) statuses(r *http.Request) response {
	given, refused := object(r, `{"ids": ["api-2dfu3kqr6tjm5hqk4yztz3y6xe"]}`)
	if refused != nil {
		return *refused
	}
	ids, wrong := idsOf(given)
	if len(wrong) > 0 {
		return refuseFields(wrong)
	}
	views, err := a.Jobs.Statuses(r.Context(), ids)
	if err != nil {
		return unavailable("", err, "how the videos are doing can't be told at the moment; ask again")
	}
	list := api.StatusList{Statuses: []api.Status{}}
	for _, view := range views {
		list.Statuses = append(list.Statuses, wire.Status(view))
	}
	return response{status: http.StatusOK, body: list}
}

// idsOf reads an api.StatusRequest.
func idsOf(given map[string]any) (ids []string, wrong []video.FieldError) {
	all, _ := given["ids"].([]any)
	if len(all) == 0 || len(all) > api.MaxStatuses {
		wrong = append(wrong, video.FieldError{Field: "ids", Message: fmt.Sprintf("takes a list of 1 to %d ids", api.MaxStatuses)})
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
