package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// room is a chat's incoming webhook.
type room struct {
	mu     sync.Mutex
	bodies []string
}

// posted waits for a message that contains words.
func (r *room) posted(t *testing.T, words string) (found string) {
	t.Helper()
	await(t, "the message "+words, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, body := range r.bodies {
			if strings.Contains(body, words) {
				found = body
			}
		}
		return found != ""
	})
	return found
}

// recipe creates the rules of docs/chat.yaml for a room, with the messages of a chat.
func (w *world) recipe(t *testing.T, chat string) *room {
	t.Helper()
	posts, name := &room{}, "chat-"+chat
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		posts.mu.Lock()
		defer posts.mu.Unlock()
		posts.bodies = append(posts.bodies, string(body))
	}))
	t.Cleanup(server.Close)
	text, err := os.ReadFile("../../../docs/chat.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := template.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	ctx, bus := t.Context(), eventbridge.NewFromConfig(w.stack.Config())
	header := template.At(parsed.Property("Connection", "AuthParameters"), "ApiKeyAuthParameters")
	key, value := fmt.Sprint(template.At(header, "ApiKeyName")), fmt.Sprint(template.At(header, "ApiKeyValue"))
	connection, err := bus.CreateConnection(ctx, &eventbridge.CreateConnectionInput{
		Name: &name, AuthorizationType: types.ConnectionAuthorizationTypeApiKey,
		AuthParameters: &types.CreateConnectionAuthRequestParameters{ApiKeyAuthParameters: &types.CreateConnectionApiKeyAuthRequestParameters{ApiKeyName: &key, ApiKeyValue: &value}},
	})
	if err != nil {
		t.Fatal(err)
	}
	webhook, err := bus.CreateApiDestination(ctx, &eventbridge.CreateApiDestinationInput{
		Name: &name, ConnectionArn: connection.ConnectionArn, HttpMethod: types.ApiDestinationHttpMethodPost, InvocationEndpoint: &server.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	role := "arn:aws:iam::000000000000:role/" + w.roles["OutboxFunctionRole"]
	for _, id := range parsed.OfType("AWS::Events::Rule") {
		pattern, err := json.Marshal(parsed.Property(id, "EventPattern"))
		if err != nil {
			t.Fatal(err)
		}
		rule := name + "-" + id
		if _, err := bus.PutRule(ctx, &eventbridge.PutRuleInput{Name: &rule, EventPattern: new(string(pattern))}); err != nil {
			t.Fatal(err)
		}
		transformer := template.At(template.List(parsed.Property(id, "Targets"))[0], "InputTransformer")
		paths := map[string]string{}
		for variable, path := range template.At(transformer, "InputPathsMap").(map[string]any) {
			paths[variable] = fmt.Sprint(path)
		}
		join := template.List(template.At(transformer, "InputTemplate").(template.Function).Args)
		message := template.At(parsed.Section("Mappings")["Message"], chat)
		before, after := template.At(message, "Before"), template.At(message, "After")
		input := fmt.Sprint(before, template.List(join[1])[1], after)
		target := types.Target{Id: &rule, Arn: webhook.ApiDestinationArn, RoleArn: &role, InputTransformer: &types.InputTransformer{InputPathsMap: paths, InputTemplate: &input}}
		if _, err := bus.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &rule, Targets: []types.Target{target}}); err != nil {
			t.Fatal(err)
		}
	}
	return posts
}

// testChat posts to two webhooks on loopback what docs/chat.yaml posts to a chat's.
func (w *world) testChat(t *testing.T) {
	slack, teams := w.recipe(t, "slack"), w.recipe(t, "teams")
	const refused = "chatted-refused" // by Takeup, which needs no person
	w.startByHand(t, refused, fmt.Sprintf(`{"prompt":%q,"duration":7}`, w.prompt("seven seconds that no chat hears of")))
	w.failed(t, refused, "InvalidRequest")
	job, _ := w.order(t, "chatted", func(job string) {
		w.fail(job, once(script.KindCreate, script.Fault{Status: http.StatusPaymentRequired}))
	})
	w.endedWith(t, job, "OutOfCredits")
	want := "Takeup: " + job + " ended as OutOfCredits: the account is empty, or the key's spend limit is reached. What to do: top up, then redrive."
	if got := decode[struct{ Text string }](t, []byte(slack.posted(t, job))); got.Text != want {
		t.Errorf("Slack gets %q", got.Text)
	}
	got := decode[struct {
		Attachments []struct {
			Content struct{ Body []struct{ Text string } }
		}
	}](t, []byte(teams.posted(t, job)))
	if len(got.Attachments) != 1 || got.Attachments[0].Content.Body[0].Text != want {
		t.Errorf("Teams gets %+v", got)
	}
	slack.mu.Lock()
	defer slack.mu.Unlock()
	if all := strings.Join(slack.bodies, "\n"); strings.Contains(all, refused) {
		t.Errorf("Slack gets %s", all)
	}
}
