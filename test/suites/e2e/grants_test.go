package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/takeup/takeup/internal/dev/policy"
)

// unenforceable are the grants that MiniStack does not enforce. The recorder's audit checks
// those of the functions' own calls, and make verify-aws checks all.
func unenforceable() []policy.Exemption {
	return []policy.Exemption{
		{Function: "*", Action: "s3:ListBucket", Reason: "an absent key is answered with 404 also to a role that may not list"},
		{Function: "PromptsFunction", Action: "sqs:SendMessage", Reason: "Lambda's own message to the queue is sent with all rights"},
		{Function: "OutboxFunction", Action: "dynamodb:DescribeStream", Reason: "Lambda reads the stream with all rights"},
		{Function: "OutboxFunction", Action: "dynamodb:GetRecords", Reason: "Lambda reads the stream with all rights"},
		{Function: "OutboxFunction", Action: "dynamodb:GetShardIterator", Reason: "Lambda reads the stream with all rights"},
		{Function: "DeliverFunction", Action: "sqs:ReceiveMessage", Reason: "Lambda reads the queues with all rights"},
		{Function: "DeliverFunction", Action: "sqs:DeleteMessage", Reason: "Lambda reads the queues with all rights"},
		{Function: "DeliverFunction", Action: "sqs:GetQueueAttributes", Reason: "Lambda reads the queues with all rights"},
		{Function: "TextToVideo", Action: "*", Reason: "a state machine calls with all rights"},
		{Function: "Batch", Action: "*", Reason: "a state machine calls with all rights"},
		{Function: "BatchFunction", Action: "s3:AbortMultipartUpload", Reason: "only files of many megabytes are written in parts, and given up only if that fails"},
		{Function: "ApiFunction", Action: "s3:AbortMultipartUpload", Reason: "as for BatchFunction"},
	}
}

// TestGrants revokes each grant of the template, one at a time and by the IAM API, and expects a
// probe to fail for lack of it. A grant is one action of a statement on one of its resources.
//
// It needs a stack to itself.
func TestGrants(t *testing.T) {
	t.Parallel()
	w := start(t, "grants")
	all := w.grants(t)
	grants := slices.Clone(all)
	enforced, idle := policy.Unexempted(grants, unenforceable())
	for _, excuse := range idle {
		t.Errorf("no grant is %s %s, which is listed as unenforceable", excuse.Function, excuse.Action)
	}
	failed := 0
	probes := w.probes()
	// In this order: what the later ones start needs the earlier ones with all their rights.
	for _, id := range []string{"SubmitFunction", "CheckFunction", "StoreFunction", "BatchFunction", "ApiFunction", "AuthorizeFunction", "PromptsFunction", "SettleFunction", "OutboxFunction", "DeliverFunction", "PricesFunction", "WatchFunction", "TextToVideo", "Batch"} {
		mine := slices.DeleteFunc(slices.Clone(grants), func(g policy.Grant) bool { return g.Function != id })
		grants = slices.DeleteFunc(grants, func(g policy.Grant) bool { return g.Function == id })
		t.Run(id, func(t *testing.T) {
			r := w.role(t, id)
			r.holds(t, mine)
			w.pass(t, id, probes[id], "with all its rights")
			var kept []policy.Grant
			for _, g := range mine {
				if !slices.Contains(enforced, g) {
					kept = append(kept, g)
					continue
				}
				if name := w.lacking(t, r, g, probes[id]); name != "" {
					failed++
					t.Logf("%s on %s: %s", g.Action, g.Resource, name)
				}
			}
			if len(kept) > 0 {
				r.without(t, kept...)
				w.pass(t, id, probes[id], "without what is listed as unenforceable")
				r.restore(t)
			}
			w.pass(t, id, probes[id], "with all its rights again")
		})
	}
	for _, g := range grants {
		t.Errorf("%s, which is granted %s, has no probe", g.Function, g.Action)
	}
	t.Logf("grants=%d failed=%d unenforceable=%d", len(all), failed, len(all)-len(enforced))
	if failed != len(enforced) {
		t.Errorf("%d of %d grants are neither needed by a probe nor listed as unenforceable", len(enforced)-failed, len(all))
	}
}

// probe is a small scenario that needs some of a role's rights. It returns an error if the
// result is wrong or a function logs a warning.
type probe struct {
	name string
	run  func(t *testing.T) error
}

// pass fails the test if one of the probes does.
func (w *world) pass(t *testing.T, id string, probes []probe, when string) {
	t.Helper()
	w.restart(t, id)
	for _, p := range probes {
		if err := p.run(t); err != nil {
			t.Fatalf("%s %s: %v", p.name, when, err)
		}
	}
}

// lacking revokes a grant and returns the name of the probe that then fails. The failure counts
// only if the engine refused the call that the grant is for.
func (w *world) lacking(t *testing.T, r *role, g policy.Grant, probes []probe) string {
	t.Helper()
	r.without(t, g)
	defer r.restore(t)
	if strings.HasPrefix(g.Action, "secretsmanager:") {
		w.restart(t, g.Function) // a running one has the secret cached
		defer w.restart(t, g.Function)
	}
	before := len(w.recorder.Denied())
	for _, p := range probes {
		err := p.run(t)
		if err == nil {
			continue
		}
		for _, call := range w.recorder.Denied()[before:] {
			call.Function = w.logical()[call.Function]
			if policy.Allowed([]policy.Statement{{Actions: []string{g.Action}, Resources: []string{g.Resource}}}, call) && (call.Function == g.Function || call.Function == "") {
				return p.name
			}
		}
		t.Errorf("without %s on %s, %s fails, though no such call was refused: %v", g.Action, g.Resource, p.name, err)
		return ""
	}
	t.Errorf("without %s on %s, each probe passes", g.Action, g.Resource)
	return ""
}

// restart makes a function's next invocation a cold start. For a state machine it does nothing.
func (w *world) restart(t *testing.T, id string) {
	t.Helper()
	name, ok := w.functions[id]
	if !ok {
		return
	}
	config, err := w.lambda.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	// MiniStack discards the environments of a function whose timeout is set, even to the same
	// value.
	_, err = w.lambda.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, Timeout: config.Timeout})
	if err != nil {
		t.Fatal(err)
	}
	waiter := lambda.NewFunctionUpdatedV2Waiter(w.lambda)
	if err := waiter.Wait(t.Context(), &lambda.GetFunctionInput{FunctionName: &name}, waitLimit); err != nil {
		t.Fatal(err)
	}
}

// role is a role of the stack, with its inline policies as deployed.
type role struct {
	client   *iam.Client
	name     string
	policies map[string]document
}

type document struct {
	Version   string
	Statement []map[string]any
}

func (w *world) role(t *testing.T, id string) *role {
	t.Helper()
	r := &role{client: iam.NewFromConfig(w.stack.Config()), name: w.roles[id+"Role"], policies: map[string]document{}}
	if r.name == "" {
		t.Fatalf("the stack has no role %sRole", id)
	}
	list, err := r.client.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: &r.name})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list.PolicyNames {
		got, err := r.client.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: &r.name, PolicyName: &name})
		if err != nil {
			t.Fatal(err)
		}
		text, err := url.QueryUnescape(*got.PolicyDocument)
		if err != nil {
			t.Fatal(err)
		}
		r.policies[name] = decode[document](t, []byte(text))
	}
	return r
}

// holds fails the test unless the role was deployed with the template's grants.
func (r *role) holds(t *testing.T, grants []policy.Grant) {
	t.Helper()
	pair := func(action, resource string) string { return action + " on " + resource }
	var want, got []string
	for _, g := range grants {
		want = append(want, pair(g.Action, g.Resource))
	}
	for _, d := range r.policies {
		for _, s := range d.Statement {
			for _, action := range texts(s["Action"]) {
				for _, resource := range texts(s["Resource"]) {
					got = append(got, pair(action, resource))
				}
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("the template grants %q, and the role has %q", want, got)
	}
}

// without replaces the role's policies by ones that lack some grants.
func (r *role) without(t *testing.T, grants ...policy.Grant) {
	t.Helper()
	for name, d := range r.policies {
		less := document{Version: d.Version}
		for _, s := range d.Statement {
			for _, action := range texts(s["Action"]) {
				resources := slices.DeleteFunc(texts(s["Resource"]), func(resource string) bool {
					return slices.ContainsFunc(grants, func(g policy.Grant) bool { return g.Action == action && g.Resource == resource })
				})
				if len(resources) > 0 {
					one := map[string]any{"Action": action, "Resource": resources}
					for _, field := range []string{"Effect", "Condition"} {
						if s[field] != nil {
							one[field] = s[field]
						}
					}
					less.Statement = append(less.Statement, one)
				}
			}
		}
		r.put(t, name, less)
	}
}

// restore restores the role's policies.
func (r *role) restore(t *testing.T) {
	t.Helper()
	for name, d := range r.policies {
		r.put(t, name, d)
	}
}

func (r *role) put(t *testing.T, name string, d document) {
	t.Helper()
	if len(d.Statement) == 0 { // a policy needs at least one statement
		d.Statement = []map[string]any{{"Effect": "Allow", "Action": "none:None", "Resource": "*"}}
	}
	text, err := json.Marshal(d)
	if err == nil {
		_, err = r.client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &r.name, PolicyName: &name, PolicyDocument: new(string(text))})
	}
	if err != nil {
		t.Fatal(errors.Join(fmt.Errorf("changing the policy %s of %s", name, r.name), err))
	}
}

// texts decodes a string or a list of strings.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, fmt.Sprint(one))
		}
		return all
	}
	return nil
}

// testSeldom has the functions make the calls that the tests before make by chance alone.
func (w *world) testSeldom(t *testing.T) {
	for name, probe := range map[string]func(*testing.T) error{
		"a poster": w.probePoster, "a webhook for a slow receiver": w.probeQueuedAside, "a webhook that waits for another": w.probeAsked,
		"a webhook without a receiver": w.probeUndelivered, "the watch": w.probeWatch,
	} {
		if err := probe(t); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
