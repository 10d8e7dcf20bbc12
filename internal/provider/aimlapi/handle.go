package aimlapi

import (
	"fmt"
	"strings"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/aimlapi/models"
	"github.com/takeup/takeup/internal/video"
)

// Route is the provider's route that a generation was submitted on. It must be retrieved
// on the same route, so the route is part of the handle: a changed configuration does not
// make running generations unreachable.
type Route string

// The provider's two routes. They have the same request and reply bodies.
const (
	RouteLegacy    Route = "legacy"    // /v2/generate/video/kling/generation
	RouteUniversal Route = "universal" // /v2/video/generations
)

// UnmarshalText rejects anything but the two routes.
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

// location is the content of a handle: "<route>:<model>:<id>". No model name contains a
// colon.
type location struct {
	route Route
	model string
	id    string // as the provider takes it: bare, or "<uuid>:<model>"
}

// handle returns the handle of a location; it is empty if the ID is.
func (l location) handle() provider.Handle {
	if l.id == "" {
		return ""
	}
	return provider.Handle(string(l.route) + ":" + l.model + ":" + l.id)
}

// of sets a generation's handle to this location, and its ID to the bare one.
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

// Handle derives the handle of a generation from its ID in the records. The records don't
// name the route, so it assumes the route that the request would use now.
func (c *Client) Handle(id string, request video.Request) provider.Handle {
	return location{c.route(request), request.Model(), id}.handle()
}

// ID returns the ID in a handle; it is empty if the handle is not this provider's.
func (c *Client) ID(handle provider.Handle) string {
	at, err := locationOf(handle)
	if err != nil {
		return ""
	}
	return bare(at.id)
}

// route returns the route for a request: the configured one, unless the legacy route
// doesn't take the request's model or one of its fields.
func (c *Client) route(request video.Request) Route {
	model, _ := models.Find(request.Model())
	if c.config.Route != RouteLegacy || !model.Legacy {
		return RouteUniversal
	}
	for _, name := range request.Names() {
		switch name {
		case "model", "prompt", "aspect_ratio", "duration", "negative_prompt", "cfg_scale":
		case video.ExternalID, video.Metadata, video.Webhook: // aren't sent
		default:
			return RouteUniversal
		}
	}
	return RouteLegacy
}

// bare strips the model from an ID. The provider writes IDs of the legacy route as
// "<uuid>:<model>" in some places and bare in others.
func bare(id string) string {
	if uuid, _, _ := strings.Cut(id, ":"); uuid != "" {
		return uuid
	}
	return id
}
