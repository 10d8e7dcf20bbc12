package aimlapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/provider"
	"github.com/takeup/takeup/internal/video"
)

// account is a fake of the provider's server, with one account.
type account struct {
	rows       []object
	charges    []object
	known      map[string]int // the status of a retrieve by generation ID; 404 for the others
	route      string         // the only route that knows them; empty: both do
	retired    string         // a key that only the logs and transactions accept
	logs       int            // the status of the logs; 0: 200
	money      int            // the status of the transactions; 0: 200
	retrieved  []string       // "<path> <id>"
	authorized []string
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply := func(status int, body object) {
		text, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		answer(max(status, http.StatusOK), string(text))(w, r)
	}
	switch r.URL.Path {
	case "/v2/logs":
		a.authorized = append(a.authorized, r.Header.Get("Authorization"))
		reply(a.logs, object{"data": append([]object{}, a.rows...), "pagination": object{"total": len(a.rows), "has_more": false}})
	case "/v2/billing/transactions":
		reply(a.money, object{"data": append([]object{}, a.charges...), "pagination": object{"has_more": false}})
	default:
		id := r.URL.Query().Get("generation_id")
		a.retrieved = append(a.retrieved, r.URL.Path+" "+id)
		status := a.known[id]
		switch {
		case a.retired != "" && r.Header.Get("Authorization") == "Bearer "+a.retired:
			reply(http.StatusUnauthorized, object{"message": "Unauthorized"})
		case status == 0, a.route != "" && a.route != r.URL.Path:
			reply(http.StatusNotFound, object{"message": "Not Found"})
		default:
			reply(status, object{"id": id, "status": "generating"})
		}
	}
}

// keyring is a secret's versions. The last is current, and the one before it is cached.
type keyring []string

func (k keyring) at(n int) video.Key {
	return video.Key{Value: k[n], Version: fmt.Sprintf("v%d", n+1)}
}

func (k keyring) Current(context.Context) (video.Key, error) { return k.at(max(0, len(k)-2)), nil }

func (k keyring) Reread(context.Context) (video.Key, error) { return k.at(len(k) - 1), nil }

func (k keyring) Version(_ context.Context, version string) (video.Key, error) {
	for n := range k {
		if key := k.at(n); key.Version == version {
			return key, nil
		}
	}
	return video.Key{}, &video.NoKeyVersion{Version: version}
}

// lost is an unanswered submission of the boat.
func lost(t *testing.T) provider.Submission {
	t.Helper()
	return provider.Submission{
		Reference: "job-1.1", Request: boat(t), KeyVersion: "v1",
		From: now(), Until: now().Add(time.Minute), ChargedBy: now().Add(time.Hour),
	}
}

func row(reference, id, status string) object {
	return object{"created": now(), "status": status, "model": model, "inference_id": id, "client_request_id": reference}
}

func charge(id, of string, after time.Duration) object {
	return object{"created_at": now().Add(after), "amount": object{"credits": 7}, "model": of, "reference_id": id}
}

func TestFind(t *testing.T) {
	const long = "gen-1:" + model
	for name, c := range map[string]struct {
		account
		candidate   provider.Handle
		version     string
		handle      provider.Handle // of the generation found; empty: none
		complete    bool
		unread      string // part of Found.Unread
		unexplained []string
	}{
		"in the logs":             {account: account{rows: []object{row("job-0.1", "gen-0", "completed"), row("job-1.1", "gen-1", "completed")}, known: map[string]int{"gen-1": 200}}, handle: "legacy:" + model + ":gen-1"},
		"under its long id":       {account: account{rows: []object{row("job-1.1", long, "completed")}, known: map[string]int{long: 200}}, handle: "legacy:" + model + ":" + long},
		"known by its long id":    {account: account{rows: []object{row("job-1.1", "gen-1", "completed")}, known: map[string]int{long: 200}}, handle: "legacy:" + model + ":" + long},
		"on the other route":      {account: account{rows: []object{row("job-1.1", "gen-1", "completed")}, known: map[string]int{"gen-1": 200}, route: universalPath}, handle: "universal:" + model + ":gen-1"},
		"by the answer's id":      {account: account{known: map[string]int{"gen-1": 200}, logs: 503}, candidate: "universal:" + model + ":gen-1", handle: "universal:" + model + ":gen-1"},
		"not by the answer's id":  {account: account{rows: []object{row("job-1.1", "gen-1", "completed")}, known: map[string]int{"gen-1": 200}}, candidate: "legacy:" + model + ":gen-2", handle: "legacy:" + model + ":gen-1"},
		"failed, a generation":    {account: account{rows: []object{row("job-1.1", "gen-1", "error")}, known: map[string]int{"gen-1": 200}}, handle: "legacy:" + model + ":gen-1"},
		"nothing":                 {complete: true},
		"failed, no generation":   {account: account{rows: []object{row("job-1.1", "gen-8", "error")}}, complete: true},
		"failed, without an id":   {account: account{rows: []object{row("job-1.1", "", "error")}}, complete: true},
		"failed, not to be asked": {account: account{rows: []object{row("job-1.1", "gen-5", "error")}, known: map[string]int{"gen-5": 500}}, unread: "generation gen-5, which its logs name: "},
		"without an id":           {account: account{rows: []object{row("job-1.1", "", "completed")}}, unread: "the row of it in its logs has no usable id"},
		"logged, and unknown":     {account: account{rows: []object{row("job-1.1", "gen-1", "completed")}}, unread: "generation gen-1, which its logs name: "},
		"no logs":                 {account: account{logs: 503}, unread: "its logs: "},
		"no transactions":         {account: account{money: 503}, unread: "its transactions: "},
		"no such key":             {version: "v9", unread: "no longer has version v9"},
		"charges": {account: account{
			rows: []object{row("job-0.1", "gen-0", "completed")},
			charges: []object{
				charge("gen-7:"+model, model, 0), charge("gen-0:"+model, model, 0), charge("gen-6", "another-model", 0),
				charge("gen-5", model, 2*time.Hour), charge("", model, 0), {"created_at": now(), "amount": object{"credits": 7}, "reference_id": "gen-4"},
			},
		}, complete: true, unexplained: []string{"gen-7", "gen-4"}},
	} {
		t.Run(name, func(t *testing.T) {
			client := serve(t, c.account.ServeHTTP)
			submission := lost(t)
			submission.Candidate = c.candidate
			if c.version != "" {
				submission.KeyVersion = c.version
			}
			found, err := client.Find(t.Context(), keyring{key().Value}, submission)
			if err != nil || found.Generation.Handle != c.handle || found.Complete != c.complete || !strings.Contains(found.Unread, c.unread) || (c.unread == "") != (found.Unread == "") {
				t.Errorf("found %+v, %v", found, err)
			}
			if c.handle != "" && (found.Generation.ID != "gen-1" || found.Generation.State != provider.Running) {
				t.Errorf("the generation is %+v", found.Generation)
			}
			if !slices.Equal(found.Unexplained, c.unexplained) {
				t.Errorf("unexplained are %v", found.Unexplained)
			}
		})
	}
}

// The logs are read with the submission's key. The generation they name is retrieved with
// a key that is accepted.
func TestFindWithTheKeyThatIsTaken(t *testing.T) {
	a := &account{rows: []object{row("job-1.1", "gen-1", "completed")}, known: map[string]int{"gen-1": 200}, retired: "key-one"}
	found, err := serve(t, a.ServeHTTP).Find(t.Context(), keyring{"key-one", "key-two"}, lost(t))
	if err != nil || found.Generation.ID != "gen-1" || !slices.Equal(a.authorized, []string{"Bearer key-one"}) {
		t.Errorf("found %+v, %v; the logs were read with %v", found, err, a.authorized)
	}
}

// locked is a secret that can't be read.
type locked struct{ keyring }

func (locked) Version(context.Context, string) (video.Key, error) {
	return video.Key{}, &video.ServiceUnavailable{Doing: "reading the key"}
}

func TestFindWithoutASecret(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a call was made without a key") })
	if found, err := client.Find(t.Context(), locked{}, lost(t)); video.OutcomeName(err) != "ServiceUnavailable" || found.Complete {
		t.Errorf("found %+v, %v", found, err)
	}
}

// A handle that is not the adapter's own has no ID, and causes no call.
func TestHandlesOfOthers(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a call was made") })
	for _, handle := range []provider.Handle{"", "gen-1", "legacy:gen-1", "toy:" + model + ":gen-1", "legacy:" + model + ":", "legacy:" + model + ":a b"} {
		_, err := client.Retrieve(t.Context(), key(), handle)
		_ = asUnanswered(t, err)
	}
}

// No model's name contains a colon, which ends the name in a handle.
func TestModelsFitHandles(t *testing.T) {
	names := client("").Models()
	if len(names) == 0 {
		t.Error("there are no models")
	}
	for _, name := range names {
		if strings.Contains(name, ":") {
			t.Errorf("%q has a colon", name)
		}
	}
}
