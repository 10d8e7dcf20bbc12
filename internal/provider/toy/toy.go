// Package toy is a second provider, for tests. It shows what an adapter needs, and that
// the pipeline is not made for one provider alone. Its API differs from AI/ML API's in
// everything that concerns an adapter. A message is a form and an answer is a line of
// words. The server recognizes a submission by its reference, so one that is sent twice is
// taken once, and can be looked up. Money is counted in cents.
package toy

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/video"
)

// Wire sends a message to the server and returns its answer. The error is ErrClosed if
// the message was certainly not received.
type Wire interface {
	Exchange(ctx context.Context, message string) (answer string, err error)
}

// ErrClosed says that nobody received a message.
var ErrClosed = errors.New("nobody is there")

// Provider is the adapter.
type Provider struct{ wire Wire }

// New returns a Provider that talks over wire.
func New(wire Wire) *Provider { return &Provider{wire} }

// Name is "toy".
func (p *Provider) Name() string { return "toy" }

// Models returns the default model only.
func (p *Provider) Models() []string { return []string{catalogue.Default(all.Models())} }

// Submit sends a submission, and once more if it isn't answered: the server takes both as
// one.
func (p *Provider) Submit(ctx context.Context, key video.Key, reference string, request video.Request) (provider.Generation, error) {
	message := url.Values{
		"do": {"make"}, "pass": {key.Value}, "ref": {reference},
		"film": {request.Text()}, "length": {strconv.Itoa(request.Duration())},
	}
	lost := false
	for {
		generation, err := p.exchange(ctx, message)
		var unanswered *provider.Unanswered
		switch {
		case err == nil:
			return generation, nil
		case errors.As(err, &unanswered) && !lost:
			lost = true
		case lost:
			// The first message may have been taken, whatever the answer to the second says.
			return provider.Generation{}, &provider.Unanswered{Err: err}
		default:
			return provider.Generation{}, err
		}
	}
}

// Retrieve asks by the ticket number.
func (p *Provider) Retrieve(ctx context.Context, key video.Key, handle provider.Handle) (provider.Generation, error) {
	return p.exchange(ctx, url.Values{"do": {"ask"}, "pass": {key.Value}, "ticket": {string(handle)}})
}

// Find asks by the reference, which the server knows as soon as it takes a submission.
func (p *Provider) Find(ctx context.Context, keys provider.Keys, lost provider.Submission) (provider.Found, error) {
	key, err := keys.Current(ctx)
	if err != nil {
		return provider.Found{}, err
	}
	generation, err := p.exchange(ctx, url.Values{"do": {"find"}, "pass": {key.Value}, "ref": {lost.Reference}})
	switch {
	case provider.IsRefusal(err, provider.RefusedUnknown):
		return provider.Found{Complete: true}, nil
	case err != nil:
		return provider.Found{Unread: err.Error()}, nil
	}
	return provider.Found{Generation: generation}, nil
}

// exchange sends a message and parses the answer.
func (p *Provider) exchange(ctx context.Context, message url.Values) (provider.Generation, error) {
	answer, err := p.wire.Exchange(ctx, message.Encode())
	switch {
	case errors.Is(err, ErrClosed):
		return provider.Generation{}, &provider.Refusal{Kind: provider.RefusedUnreachable, Said: err.Error()}
	case err != nil:
		return provider.Generation{}, &provider.Unanswered{Err: err}
	}
	return read(answer)
}

// refusals maps the server's words to the kinds of refusal.
var refusals = map[string]provider.RefusalKind{
	"LATER": provider.RefusedBusy, "WHAT": provider.RefusedInvalid, "WHO": provider.RefusedKey,
	"PAY": provider.RefusedFunds, "WHERE": provider.RefusedUnknown,
}

// read parses an answer: "ticket 7 rolling", "ticket 7 premiere <url> <cents>",
// "ticket 7 scrapped <why>", or "no <word> <why>".
func read(answer string) (provider.Generation, error) {
	words := strings.Fields(answer)
	switch {
	case len(words) >= 2 && words[0] == "no" && refusals[words[1]] != "":
		return provider.Generation{}, &provider.Refusal{Kind: refusals[words[1]], Said: strings.Join(words[2:], " ")}
	case len(words) < 3 || words[0] != "ticket":
		return provider.Generation{}, &provider.Unanswered{Err: fmt.Errorf("it answered %.100q", answer)}
	}
	g := provider.Generation{ID: "toy-" + words[1], Handle: provider.Handle(words[1]), State: provider.Running, Word: words[2]}
	switch rest := words[3:]; {
	case words[2] == "premiere" && len(rest) == 2:
		cents, err := strconv.ParseInt(rest[1], 10, 32)
		if err != nil {
			return provider.Generation{}, &provider.Unanswered{Err: fmt.Errorf("it answered %.100q", answer)}
		}
		g.State, g.URL, g.Micros = provider.Finished, rest[0], cents*10_000
	case words[2] == "scrapped":
		g.State, g.Failure = provider.Failed, strings.Join(rest, " ")
	}
	return g, nil
}
