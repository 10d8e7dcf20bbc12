package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/batch/record"
	"github.com/takeup/takeup/internal/video"
)

// batches are the fake's batches.
type batches struct {
	order   []string
	states  map[string][]api.Batch
	results map[string]string
}

// AddBatch adds a batch with the states that it goes through: one for each call about it, and
// the last from then on.
func (s *Server) AddBatch(states ...api.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addBatch(states)
}

func (s *Server) addBatch(states []api.Batch) {
	id := states[0].ID
	if s.batches.states[id] == nil {
		s.batches.order = append([]string{id}, s.batches.order...)
	}
	s.batches.states[id] = states
}

// AddResults sets the results of a batch, in JSON Lines.
func (s *Server) AddResults(id, lines string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches.results[id] = lines
}

// Uploaded returns the content of the file that was uploaded last.
func (s *Server) Uploaded() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uploaded
}

// Batch returns a batch in a state, as the API shows it.
func (s *Server) Batch(id, name string, state record.State) api.Batch {
	owner := "alice"
	b := api.Batch{
		ID: id, Name: name, Owner: &owner, Status: string(state), CreatedAt: Created, AtOnce: 20,
		Money: api.BatchMoney{Spent: "0", Reserved: "0", Uncertain: "0"},
	}
	if state == record.Uploading {
		until := Created.Add(15 * time.Minute)
		b.UploadUntil = &until
		return b
	}
	b.Run, b.Source = 1, &api.BatchSource{Bucket: "prompts", Key: "uploads/batches/" + id + ".csv", Version: "v1"}
	if state == record.Planning || state == record.Unusable {
		return b
	}
	usd := json.Number(fmt.Sprintf("%.2f", 0.98*float64(s.BatchSize)))
	price := api.BatchPrice{Videos: s.BatchSize, USD: usd, MostUSD: usd}
	ofModel := price
	ofModel.Model = s.Models.Default
	b.Plan = &api.BatchPlan{
		Lines: s.BatchSize, WrongLines: []api.WrongLine{}, Videos: api.BatchVideos{New: s.BatchSize}, Models: []api.BatchPrice{ofModel}, Total: price,
		Seconds: 4 * s.BatchSize,
	}
	b.Counts = api.BatchCounts{Videos: int64(s.BatchSize), New: int64(s.BatchSize)}
	return b
}

// createBatch answers with a form, whose upload makes the batch go on to its next state.
func (s *Server) createBatch(r *http.Request, body []byte) answer {
	var asked api.BatchRequest
	if err := json.Unmarshal(body, &asked); err != nil || asked.Name == "" || asked.Format != api.BatchCSV && asked.Format != api.BatchJSONL {
		return refuse(r, http.StatusBadRequest, "", video.FieldError{Field: "format", Message: "takes csv or jsonl"})
	}
	id := "batches-" + fmt.Sprint(len(s.batches.order)+1)
	s.addBatch(s.Planned(id, asked))
	first := s.batches.states[id][0]
	return answer{status: http.StatusAccepted, body: api.BatchUpload{Batch: first, Upload: api.Upload{
		URL: s.URL + "/upload", Fields: map[string]string{"key": id, "policy": Signature}, Key: id, MaxBytes: 64 << 20, ExpiresAt: Created.Add(15 * time.Minute),
	}}}
}

// upload takes a file as S3 does.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		s.t.Errorf("the token is sent to S3")
	}
	if len(s.faults) > 0 {
		fault := s.faults[0]
		s.faults = s.faults[1:]
		fault(w, r)
		return
	}
	file, _, err := r.FormFile("file")
	if err != nil || r.ContentLength < 0 || r.FormValue("policy") != Signature {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
		return
	}
	content, err := io.ReadAll(file)
	if err != nil {
		s.t.Error(err)
	}
	s.uploaded = string(content)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) listBatches(r *http.Request, _ []byte) answer {
	list := api.BatchList{Batches: []api.Batch{}}
	limit := 20
	if given := r.URL.Query().Get(api.ParamLimit); given != "" {
		if _, err := fmt.Sscan(given, &limit); err != nil {
			return refuse(r, http.StatusBadRequest, "", video.FieldError{Field: api.ParamLimit, Message: "takes a number"})
		}
	}
	cursor, begun := r.URL.Query().Get(api.ParamCursor), false
	for _, id := range s.batches.order {
		begun = begun || cursor == "" || cursor == id
		switch {
		case !begun:
		case len(list.Batches) == limit:
			list.Next = &id
			return ok(list)
		default:
			list.Batches = append(list.Batches, s.batches.states[id][0])
		}
	}
	return ok(list)
}

// ofBatch answers a call about a batch.
func (s *Server) ofBatch(answers func(r *http.Request, id string, now api.Batch, body []byte) answer) func(*http.Request, []byte) answer {
	return func(r *http.Request, body []byte) answer {
		id := r.PathValue("id")
		if len(s.batches.states[id]) == 0 {
			return refuse(r, http.StatusNotFound, "there is no batch with this id")
		}
		return answers(r, id, s.batches.states[id][0], body)
	}
}

func (s *Server) getBatch(_ *http.Request, id string, now api.Batch, _ []byte) answer {
	if rest := s.batches.states[id]; len(rest) > 1 {
		s.batches.states[id] = rest[1:]
	}
	return ok(now)
}

func (s *Server) startBatch(r *http.Request, id string, now api.Batch, _ []byte) answer {
	switch state := record.State(now.Status); {
	case state == record.Uploading, state == record.Planning, state == record.Running:
		return refuse(r, http.StatusConflict, "its run 1 is under way")
	case state == record.Planned && now.Plan.Quotes:
		return refuse(r, http.StatusConflict, "its quotes are wrong")
	}
	s.batches.states[id] = s.Started(now)
	return answer{status: http.StatusAccepted, body: s.batches.states[id][0]}
}

func (s *Server) cancelBatch(_ *http.Request, id string, now api.Batch, _ []byte) answer {
	now.Status = string(record.Cancelled)
	report := api.BatchCancelled{
		Batch: now, Cancelled: now.Counts.Waiting, Submitted: now.Counts.Running, Done: now.Counts.Stored + now.Counts.Failed,
	}
	s.batches.states[id] = []api.Batch{now}
	return ok(report)
}

// batchResults answers with the results of a batch, and redirects to those of one that ended.
func (s *Server) batchResults(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	states := s.batches.states[id]
	switch {
	case len(states) == 0:
		s.reply(w, r, refuse(r, http.StatusNotFound, "there is no batch with this id"))
	case states[0].Plan == nil:
		s.reply(w, r, refuse(r, http.StatusConflict, "it is not planned, so there are no results"))
	case record.State(states[0].Status) == record.Ended:
		s.files[id] = []http.HandlerFunc{File(s.batches.results[id])}
		http.Redirect(w, r, s.URL+"/files/"+id+"?"+Signature, http.StatusFound)
	default:
		_, _ = io.Copy(w, bytes.NewReader([]byte(s.batches.results[id])))
	}
}

// Steps returns a running batch in states in which more and more of its videos have ended, and
// then the batch as it ended.
func (s *Server) Steps(of api.Batch, ended ...int64) []api.Batch {
	var states []api.Batch
	for _, n := range ended {
		b := of
		b.Status = string(record.Running)
		b.Counts = api.BatchCounts{Videos: of.Counts.Videos, Stored: n, Running: min(int64(of.AtOnce), of.Counts.Videos-n)}
		b.Counts.New = b.Counts.Videos - b.Counts.Stored - b.Counts.Running
		b.Money.Spent = json.Number(fmt.Sprintf("%.2f", 0.98*float64(n)))
		at := Created.Add(time.Duration(of.Counts.Videos-n) * 4 * time.Second)
		b.EstimatedAt = &at
		if n == of.Counts.Videos {
			b.Status, b.EstimatedAt, b.EndedAt = string(record.Ended), nil, &at
		}
		states = append(states, b)
	}
	return states
}
