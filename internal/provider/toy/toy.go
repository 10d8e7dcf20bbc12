// Package toy is a second provider, for tests: it shows what an adapter needs, and that
// nothing of the pipeline is made for one provider alone. Its API is unlike AI/ML API's
// in everything that an adapter has to do with. A message is a form and an answer a line
// of words; a submission is known again by its reference, so that it can be sent twice
// and is taken once, and can be looked for; and money is counted in cents.
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

// Wire carries a message to the server and gives its answer. The error is ErrClosed
// where the message was certainly not received.
type Wire interface {
	Exchange(ctx context.Context, message string) (answer string, err error)
}

// ErrClosed says that there was nobody to take a message.
var ErrClosed = errors.New("nobody is there")

// Provider is the adapter.
type Provider struct{ wire Wire }

// New makes a Provider.
func New(wire Wire) *Provider { return &Provider{wire} }

// Name is "toy".
func (p *Provider) Name() string { return "toy" }

// Models has the default model alone.
func (p *Provider) Models() []string { return []string{catalogue.Default(all.Models())} }

// Submit sends a submission, and once more if it isn't answered, since the server
// takes both for one.
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
			// The first may have been taken, whatever is said of the second.
			return provider.Generation{}, &provider.Unanswered{Err: err}
		default:
			return provider.Generation{}, err
		}
	}
}

// Retrieve asks by the number of the ticket.
func (p *Provider) Retrieve(ctx context.Context, key video.Key, handle provider.Handle) (provider.Generation, error) {
	return p.exchange(ctx, url.Values{"do": {"ask"}, "pass": {key.Value}, "ticket": {string(handle)}})
}

// Find asks by the reference, which the server knows from the moment on that it takes a
// submission.
func (p *Provider) Find(ctx context.Context, keys provider.Keys, lost provider.Submission) (provider.Found, error) {
	key, err := keys.Current(ctx)
	if err != nil {
		return provider.Found{}, err
	}
	generation, err := p.exchange(ctx, url.Values{"do": {"find"}, "pass": {key.Value}, "ref": {lost.Reference}})
	var refusal *provider.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Kind == provider.RefusedUnknown:
		return provider.Found{Complete: true}, nil
	case err != nil:
		return provider.Found{Unread: err.Error()}, nil
	}
	return provider.Found{Generation: generation}, nil
}

// exchange sends a message and reads the answer.
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

// refusals are the server's words for why it does not do what it is asked.
var refusals = map[string]provider.RefusalKind{
	"LATER": provider.RefusedBusy, "WHAT": provider.RefusedInvalid, "WHO": provider.RefusedKey,
	"PAY": provider.RefusedFunds, "WHERE": provider.RefusedUnknown,
}

// read reads an answer: "ticket 7 rolling", "ticket 7 premiere <url> <cents>",
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
