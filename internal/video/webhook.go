package video

import (
	"github.com/takeup/takeup/internal/video/fields"
	"github.com/takeup/takeup/internal/video/hookurl"
)

// WebhookField returns what the request has in the field: a URL, the mark of one, or "".
func (r Request) WebhookField() string { s, _ := r.values[Webhook].(string); return s }

// Webhook returns the URL that is told how the job ended; "" if there is none, or if only its mark
// is known. Whoever has it can post to it, so the request's JSON has the mark in its place.
func (r Request) Webhook() string { return hookurl.Unmarked(r.WebhookField()) }

// Whole returns the canonical JSON with the webhook's URL. It is for the table, and for what a
// client sends to its own stack.
func (r Request) Whole() []byte { return r.values.Canonical() }

// marked returns the request's fields with a mark in place of the webhook's URL.
func (r Request) marked() fields.Fields { return r.values.Replaced(Webhook, hookurl.Mark) }
