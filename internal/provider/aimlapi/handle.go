package aimlapi

import (
	"fmt"
	"strings"

	"github.com/takeup/takeup/internal/provider/aimlapi/models"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// Route is the provider's route that a generation was submitted by. It is asked for on
// that route too, and so it is kept in the handle: another configuration never asks for
// a running generation in the wrong place.
type Route string

// The provider's two routes; they take and answer the same bodies.
const (
	RouteLegacy    Route = "legacy"    // /v2/generate/video/kling/generation
	RouteUniversal Route = "universal" // /v2/video/generations
)

// UnmarshalText refuses all but the two routes.
func (r *Route) UnmarshalText(text []byte) error {
	switch route := Route(text); route {
	case RouteLegacy, RouteUniversal:
		*r = route
		return nil
	}
	return fmt.Errorf("%q is no route; it is %s or %s", text, RouteLegacy, RouteUniversal)
}

func (r Route) path() string {
	if r == RouteLegacy {
		return "/v2/generate/video/kling/generation"
	}
	return "/v2/video/generations"
}

// location is what a handle of this provider says: "<route>:<model>:<id>". No model has a
// colon in its name.
type location struct {
	route Route
	model string
	id    string // as the provider takes it: bare, or "<uuid>:<model>"
}

// handle gives the handle of a location; none where there is no id.
func (l location) handle() provider.Handle {
	if l.id == "" {
		return ""
	}
	return provider.Handle(string(l.route) + ":" + l.model + ":" + l.id)
}

// of gives a generation of that location its handle, and its bare id.
func (l location) of(g provider.Generation) provider.Generation {
	g.Handle, g.ID = l.handle(), bare(l.id)
	return g
}

func locationOf(handle provider.Handle) (location, error) {
	parts := strings.SplitN(string(handle), ":", 3)
	if len(parts) != 3 || !validID(parts[2]) {
		return location{}, fmt.Errorf("%.100q is no handle of AI/ML API's", handle)
	}
	l := location{route: Route(parts[0]), model: parts[1], id: parts[2]}
	if l.route != RouteLegacy && l.route != RouteUniversal {
		return location{}, fmt.Errorf("%.100q names no route of AI/ML API's", handle)
	}
	return l, nil
}

// Handle makes the handle of a generation from its id in the records, which don't name
// its route: it is the one that the request is submitted by now.
func (c *Client) Handle(id string, request video.Request) provider.Handle {
	return location{c.route(request), request.Model(), id}.handle()
}

// ID is the id in a handle; none where the handle is not this provider's.
func (c *Client) ID(handle provider.Handle) string {
	at, err := locationOf(handle)
	if err != nil {
		return ""
	}
	return bare(at.id)
}

// route says which route a request is submitted by: the configured one, unless the
// legacy route doesn't take the request's model or one of its fields.
func (c *Client) route(request video.Request) Route {
	model, _ := models.Find(request.Model())
	if c.config.Route != RouteLegacy || !model.Legacy {
		return RouteUniversal
	}
	for _, name := range request.Names() {
		switch name {
		case "model", "prompt", "aspect_ratio", "duration", "negative_prompt", "cfg_scale":
		default:
			return RouteUniversal
		}
	}
	return RouteLegacy
}

// bare is an id without its model. The provider writes ids of the legacy route as
// "<uuid>:<model>" in one place and bare in another.
func bare(id string) string {
	if uuid, _, _ := strings.Cut(id, ":"); uuid != "" {
		return uuid
	}
	return id
}
