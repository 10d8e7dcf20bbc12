package server

import (
	"fmt"
	"net/http"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/server/reply"
	"github.com/takeup/takeup/internal/api/server/wire"
	"github.com/takeup/takeup/internal/video"
)

// statuses returns the statuses of the jobs among some ids.
func (a *API) statuses(r *http.Request) reply.Response {
	given, refused := reply.ReadObject(r, `{"ids": ["api-2dfu3kqr6tjm5hqk4yztz3y6xe"]}`)
	if refused != nil {
		return *refused
	}
	ids, wrong := idsOf(given)
	if len(wrong) > 0 {
		return reply.RefuseFields(wrong)
	}
	views, err := a.Jobs.Statuses(r.Context(), ids)
	if err != nil {
		return reply.Unavailable("", err, "could not read the statuses of the videos; try again")
	}
	list := api.StatusList{Statuses: []api.Status{}}
	for _, view := range views {
		list.Statuses = append(list.Statuses, wire.Status(view))
	}
	return reply.Response{Status: http.StatusOK, Body: list}
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
			wrong = append(wrong, video.FieldError{Field: fmt.Sprintf("ids[%d]", i), Message: "is not the id of a video; it takes the id from the POST's reply"})
		}
		ids = append(ids, id)
	}
	if delete(given, "ids"); len(given) > 0 {
		wrong = append(wrong, video.FieldError{Message: "the request takes no field but ids"})
	}
	return ids, wrong
}
