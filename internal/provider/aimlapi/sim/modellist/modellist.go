// Package modellist is the provider's list of models: their IDs, prices and modalities, and the filters of the two routes.
package modellist

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/provider/aimlapi/models"
)

// Values shared by all models in the simulator's list of models.
const (
	modelType       = "internal/video-generations/submit"
	modelCapability = "text_to_video"
)

// The provider's shape of the list of models.
type (
	modelList struct {
		Object string      `json:"object"`
		Data   []modelLine `json:"data"`
	}
	modelLine struct {
		ID           string           `json:"id"`
		Aliases      []string         `json:"aliases"`
		Type         string           `json:"type"`
		Info         modelInfo        `json:"info"`
		Tags         []string         `json:"tags"`
		Modalities   *modelModalities `json:"modalities,omitempty"`
		Capabilities []string         `json:"capabilities,omitempty"`
		Pricing      *pricing         `json:"pricing,omitempty"`
	}
	modelInfo struct {
		Name      string `json:"name"`
		Developer string `json:"developer"`
	}
	modelModalities struct {
		Input  []string `json:"input"`
		Output []string `json:"output"`
	}
)

// newModelLine returns a model's entry with every section.
func newModelLine(m models.Model) modelLine {
	line := modelLine{
		ID: ID(m.Name), Aliases: []string{}, Type: modelType, Info: modelInfo{m.Name, m.Maker}, Tags: []string{},
		Modalities: &modelModalities{[]string{"text"}, []string{"video"}}, Capabilities: []string{modelCapability},
		Pricing: pricingOf(m),
	}
	if line.ID != m.Name {
		line.Aliases = append(line.Aliases, m.Name)
	}
	return line
}

// ID returns the ID of a model in the list. Some families have newer IDs, with the older names as aliases, so that
// the list has models of both kinds.
func ID(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) != 4 || parts[0] != "kling-video" {
		return name
	}
	return "klingai/" + strings.Join(parts[1:], "-")
}

// List is the list, with an ETag that covers the whole of it, whatever part is requested.
type List struct {
	Tag   string
	lines []modelLine
}

// New returns the list of these models.
func New(all []models.Model) (List, error) {
	lines := make([]modelLine, len(all))
	for i, m := range all {
		lines[i] = newModelLine(m)
	}
	text, err := json.Marshal(lines)
	if err != nil {
		return List{}, fmt.Errorf("simulator: list of models: %w", err)
	}
	sum := sha256.Sum256(text)
	return List{Tag: `W/"` + hex.EncodeToString(sum[:8]) + `"`, lines: lines}, nil
}

// Has reports whether an If-None-Match header matches the list's ETag, by weak comparison, as for a GET.
func (l List) Has(ifNoneMatch []string) bool {
	return slices.ContainsFunc(listed(ifNoneMatch), func(tag string) bool {
		return tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(l.Tag, "W/")
	})
}

// Page returns the reply to a query, for encoding/json. Like the provider, it ignores unknown parameters and sections.
func (l List) Page(query url.Values) any {
	sections := listed(query["include"])
	all := slices.Contains(sections, "all") || slices.Contains([]string{"true", "1"}, query.Get("details"))
	list := modelList{Object: "list", Data: []modelLine{}}
	for _, line := range l.lines {
		if !line.matches(query) {
			continue
		}
		if !all && !slices.Contains(sections, "modalities") {
			line.Modalities = nil
		}
		if !all && !slices.Contains(sections, "capabilities") {
			line.Capabilities = nil
		}
		if !all && !slices.Contains(sections, "pricing") {
			line.Pricing = nil
		}
		list.Data = append(list.Data, line)
	}
	return list
}

// matches reports whether the entry passes every filter of a query.
func (l modelLine) matches(query map[string][]string) bool {
	for name, has := range map[string][]string{
		"id": append([]string{l.ID}, l.Aliases...), "type": {l.Type}, "tags": l.Tags, "capabilities": l.Capabilities,
		"input_modalities": l.Modalities.Input, "output_modalities": l.Modalities.Output,
		"modalities": append(slices.Clone(l.Modalities.Input), l.Modalities.Output...),
	} {
		wanted := listed(query[name])
		if len(wanted) > 0 && !slices.ContainsFunc(wanted, func(want string) bool {
			return slices.ContainsFunc(has, func(value string) bool { return strings.EqualFold(value, want) })
		}) {
			return false
		}
	}
	return true
}

// listed returns the values of a parameter or header that may be repeated or comma-separated.
func listed(values []string) []string {
	var all []string
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}
