package apitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/video"
)

// Created is when the fake's jobs were created.
var Created = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)

// Video is what the API says of a job in a state. Done and Without are for its
// ends.
func (s *Server) Video(id string, request video.Request, status string) client.Video {
	brief, owner := request.Brief(), "alice"
	v := client.Video{
		ID: id, Status: status, Model: &brief.Model, Prompt: &brief.Prompt, Duration: &brief.Duration, AspectRatio: &brief.AspectRatio,
		Request: &request, CreatedAt: Created, Owner: &owner, Origin: &client.Origin{Trigger: video.TriggerAPI, Token: &owner},
	}
	v.History = []client.Happened{{At: Created, What: video.EventTaken, Message: "taken by the API"}}
	no, yes := video.PaidNo, video.PaidYes
	switch status {
	case client.Queued:
		v.Waiting = &client.Waiting{For: video.WaitStart, Since: Created, Paid: &no, Message: "Its execution is about to take it up. Nothing was paid."}
	case client.Generating:
		at := Created.Add(time.Second)
		v.Waiting = &client.Waiting{For: video.WaitGeneration, Since: at, Paid: &yes, Message: "The provider is generating the video. It is paid."}
		v.History = append(v.History, client.Happened{At: at, What: video.EventAccepted, Message: "accepted as generation generation-of-" + id})
		left, progress, usual := 5, 0.5, 10
		v.SubmittedAt, v.Estimate = &at, &client.Estimate{LeftSeconds: &left, Progress: &progress, UsualSeconds: &usual}
	}
	return v
}

// Done is a job whose video is stored, with its file.
func (s *Server) Done(id string, request video.Request, content string) client.Video {
	if _, served := s.files[id]; !served {
		s.files[id] = []http.HandlerFunc{File(content)}
	}
	submitted, ended := Created.Add(time.Second), Created.Add(80*time.Second)
	sum := video.CRC32(crc32.ChecksumIEEE([]byte(content)))
	url := s.URL + "/files/" + id + "?" + Signature
	v := s.Video(id, request, client.Completed)
	v.SubmittedAt, v.EndedAt = &submitted, &ended
	v.Cost = &client.Cost{Credits: 1_120_000, USD: 0.56}
	v.Manifest = &video.Manifest{
		ID: id, Model: request.Model(), Request: request, GenerationID: "generation-of-" + id,
		CreatedAt: Created, SubmittedAt: submitted, CompletedAt: ended, StoringAt: ended, StoredAt: ended, Polls: 3,
		Bytes: int64(len(content)), CRC32: sum, Seconds: 5.04, Width: 1280, Height: 720, ChargedMicros: 560_000, PipelineVersion: "1",
	}
	v.Video = &client.File{
		URL: url, DownloadURL: url, ExpiresAt: ended.Add(time.Hour), ContentType: "video/mp4",
		Bytes: v.Manifest.Bytes, CRC32: sum,
	}
	return v
}

// Without is a job that ended without a video.
func (s *Server) Without(id string, request video.Request, status, name, message string, redrivable bool) client.Video {
	v := s.Video(id, request, status)
	ended := Created.Add(time.Minute)
	v.EndedAt = &ended
	v.Error = &client.Outcome{Name: name, Message: message, Advice: "see the message", Paid: "no", Redrivable: redrivable}
	return v
}

// refusal is the API's error shape.
type refusal struct {
	Message    any                `json:"message"`
	Errors     []video.FieldError `json:"errors,omitempty"`
	Path       string             `json:"path"`
	RequestID  string             `json:"requestId"`
	StatusCode int                `json:"statusCode"`
	Timestamp  string             `json:"timestamp"`
}

func refuse(r *http.Request, status int, message string, fields ...video.FieldError) refusal {
	body := refusal{Message: message, Errors: fields, Path: r.URL.Path, RequestID: "request-1", StatusCode: status, Timestamp: Created.Format(time.RFC3339)}
	if len(fields) > 0 && status == http.StatusBadRequest {
		var said []string
		for _, f := range fields {
			said = append(said, f.Field+" "+f.Message)
		}
		body.Message = said
	}
	return body
}

// answer gives the path as the description has it, the status and the reply.
func (s *Server) answer(header http.Header, r *http.Request, body []byte) (path string, status int, reply any) {
	path = r.URL.Path
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(parts) > 1 && parts[0] == "videos" {
		parts[1] = "{id}"
		path = "/" + strings.Join(parts, "/")
	}
	if r.Header.Get("Authorization") != "Bearer "+Token {
		return path, http.StatusUnauthorized, refuse(r, http.StatusUnauthorized, "The token is missing or wrong.")
	}
	switch r.Method + " " + path {
	case "POST /v2/video/generations":
		status, reply = s.create(r, body)
	case "GET /videos":
		status, reply = s.list(r)
	case "POST /statuses":
		status, reply = s.statuses(r, body)
	case "POST /check":
		status, reply = s.check(r, body)
	case "GET /models":
		status, reply = http.StatusOK, s.Models
	case "GET /control":
		status, reply = http.StatusOK, s.Control
	case "GET /usage":
		status, reply = http.StatusOK, s.Usage
	case "POST /videos/{id}/forget":
		status, reply = s.forget(r, strings.Split(r.URL.Path, "/")[2])
	case "GET /videos/{id}/content":
		status, reply = s.content(r, strings.Split(r.URL.Path, "/")[2])
	case "GET /videos/{id}", "DELETE /videos/{id}", "POST /videos/{id}/redrive", "POST /videos/{id}/retry":
		status, reply = s.about(header, r, strings.Split(r.URL.Path, "/")[2])
	default:
		status, reply = http.StatusNotFound, refuse(r, http.StatusNotFound, "there is nothing at this path")
	}
	return path, status, reply
}

func (s *Server) create(r *http.Request, body []byte) (int, any) {
	request, err := video.ParseRequest(body)
	var invalid *video.InvalidRequest
	if errors.As(err, &invalid) {
		return http.StatusBadRequest, refuse(r, http.StatusBadRequest, "", invalid.Fields...)
	}
	key := r.Header.Get("Idempotency-Key")
	id := s.keys[key]
	switch {
	case id != "" && s.jobs[id].request.Hash() != request.Hash():
		return http.StatusUnprocessableEntity, refuse(r, http.StatusUnprocessableEntity, "this Idempotency-Key was used for another request")
	case id == "":
		id = fmt.Sprintf("api-%d", len(s.jobs)+1)
		s.keys[key] = id
		s.add(id, request, s.Script(id, request))
	}
	return http.StatusOK, map[string]any{"id": id, "status": client.Queued, "video": nil, "error": nil, "meta": nil}
}

// statuses tells of the jobs among the ids.
func (s *Server) statuses(r *http.Request, body []byte) (int, any) {
	var asked struct {
		IDs []string `json:"ids"`
	}
	if err := json.Unmarshal(body, &asked); err != nil || len(asked.IDs) < 1 || len(asked.IDs) > 100 {
		return http.StatusBadRequest, refuse(r, http.StatusBadRequest, "", video.FieldError{Field: "ids", Message: "takes a list of 1 to 100 ids"})
	}
	statuses := []client.Status{}
	for _, id := range asked.IDs {
		j := s.jobs[id]
		if j == nil {
			continue
		}
		now := j.states[0]
		status := client.Status{ID: id, Status: now.Status}
		switch {
		case now.Error != nil:
			status.Paid, status.Redrivable = new(video.Paid(now.Error.Paid)), now.Error.Redrivable
		case now.Waiting != nil:
			status.Paid = now.Waiting.Paid
		default:
			status.Paid = new(video.PaidYes)
		}
		statuses = append(statuses, status)
	}
	return http.StatusOK, map[string]any{"statuses": statuses}
}

// The fake's price list.
const priceSource, priceDate = "https://api.example/v1/models?include=pricing", "2026-08-21"

// check quotes what the models' prices say.
func (s *Server) check(r *http.Request, body []byte) (int, any) {
	request, err := video.ParseRequest(body)
	var invalid *video.InvalidRequest
	if errors.As(err, &invalid) {
		return http.StatusBadRequest, refuse(r, http.StatusBadRequest, "", invalid.Fields...)
	}
	usd := func(perSecond float64) *json.Number {
		n := json.Number(fmt.Sprintf("%.2f", perSecond*float64(request.Duration())))
		return &n
	}
	source, date := priceSource, priceDate
	quote := &client.Quote{USD: *usd(0.196), Exact: true, MostUSD: usd(0.196), Basis: "list", Charged: usd(0.196), Source: &source, Date: &date}
	switch request.Model() {
	case "klingai/video-v3-pro-text-to-video":
		quote.USD, quote.Exact, quote.MostUSD, quote.Charged = *usd(0.168), false, usd(0.252), nil
	case "klingai/v2-master-text-to-video":
		quote = &client.Quote{USD: *usd(0.25), Basis: "charges", Charged: usd(0.25)}
	case "kling-video/v1/standard/text-to-video":
		quote = nil
	}
	return http.StatusOK, client.Checked{Request: request, Price: quote}
}

func (s *Server) list(r *http.Request) (int, any) {
	limit := 20
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 50 {
			return http.StatusBadRequest, refuse(r, http.StatusBadRequest, "", video.FieldError{Field: "limit", Message: "takes 1 to 50"})
		}
		limit = n
	}
	page := client.Page{Videos: []client.Video{}}
	first := max(0, slices.Index(s.order, r.URL.Query().Get("cursor")))
	for _, id := range s.order[first:] {
		now := s.jobs[id].states[0]
		status, model, owner := r.URL.Query().Get("status"), r.URL.Query().Get("model"), r.URL.Query().Get("owner")
		from, _ := time.Parse(time.RFC3339Nano, r.URL.Query().Get("from")) // none: the zero time
		running := status == client.Running && !now.Ended()
		words := strings.ToLower(r.URL.Query().Get("q"))
		if words != "" && (now.Prompt == nil || !strings.Contains(strings.ToLower(*now.Prompt), words)) {
			continue
		}
		if status != "" && status != now.Status && !running || model != "" && (now.Model == nil || *now.Model != model) || owner != "" && (now.Owner == nil || *now.Owner != owner) || now.CreatedAt.Before(from) {
			continue
		}
		if len(page.Videos) == limit {
			page.Next = &id
			if words != "" {
				page.SearchedTo = &now.CreatedAt
			}
			break
		}
		now.Request, now.Manifest, now.History = nil, nil, nil
		page.Videos = append(page.Videos, now)
	}
	return http.StatusOK, page
}

// content answers what is asked with ?redirect=false.
func (s *Server) content(r *http.Request, id string) (int, any) {
	j := s.jobs[id]
	switch {
	case j == nil:
		return http.StatusNotFound, refuse(r, http.StatusNotFound, "there is no video of this id")
	case s.gone[id] || j.states[0].Video == nil:
		return http.StatusConflict, refuse(r, http.StatusConflict, "it has no video, since it was taken out of the bucket")
	}
	return http.StatusOK, j.states[0].Video
}

func (s *Server) about(header http.Header, r *http.Request, id string) (int, any) {
	j := s.jobs[id]
	if j == nil {
		return http.StatusNotFound, refuse(r, http.StatusNotFound, "there is no video of this id")
	}
	now := j.states[0]
	if len(j.states) > 1 {
		j.states = j.states[1:]
	}
	discard := r.URL.Query().Get("discard") == "true"
	switch {
	case r.Method == http.MethodGet:
		return http.StatusOK, now
	case strings.HasSuffix(r.URL.Path, "/retry") && now.Ended():
		return http.StatusConflict, refuse(r, http.StatusConflict, "it has ended; redrive it to go on with it")
	case strings.HasSuffix(r.URL.Path, "/retry"):
		header.Set("X-Execution-Name", id+"-r1")
		return http.StatusAccepted, now
	case r.Method == http.MethodPost && (now.Error == nil || !now.Error.Redrivable):
		return http.StatusConflict, refuse(r, http.StatusConflict, "its video is stored already, or it can't be helped")
	case r.Method == http.MethodPost:
		header.Set("X-Execution-Name", id+"-r1")
		j.states = []client.Video{s.Video(id, j.request, client.Generating), s.Done(id, j.request, "a video")}
		return http.StatusAccepted, j.states[0]
	case now.Status == client.Cancelled, now.Status == client.Discarded:
		return http.StatusOK, now
	case now.Status == client.Queued:
		j.states = []client.Video{s.Without(id, j.request, client.Cancelled, "Cancelled", "it was cancelled", false)}
		return http.StatusOK, j.states[0]
	case !discard:
		return http.StatusConflict, refuse(r, http.StatusConflict, "the provider has accepted it and will charge for it",
			video.FieldError{Field: "discard", Message: "is needed to give up a video that is paid"})
	case now.Status == client.Completed:
		j.states = []client.Video{s.Without(id, j.request, client.Discarded, "Discarded", "it was discarded", true)}
		return http.StatusOK, j.states[0]
	}
	now.Discard = true
	j.states = []client.Video{now}
	return http.StatusAccepted, now
}

// forget forgets what has ended.
func (s *Server) forget(r *http.Request, id string) (int, any) {
	j := s.jobs[id]
	switch {
	case j == nil:
		return http.StatusNotFound, refuse(r, http.StatusNotFound, "there is no video of this id")
	case !j.states[0].Ended():
		return http.StatusConflict, refuse(r, http.StatusConflict, "it is "+j.states[0].Status+"; wait until it has ended, or cancel it, then forget it")
	}
	now := j.states[0]
	outline, at := j.request.Outline(), now.CreatedAt
	now.Request, now.Prompt, now.ForgottenAt = &outline, nil, &at
	if now.Manifest != nil {
		manifest := now.Manifest.Forget(j.request.Hash(), at)
		now.Manifest = &manifest
	}
	j.states = []client.Video{now}
	todo := "discard it"
	return http.StatusOK, client.Forgotten{Video: now, Stays: []client.Remnant{
		{What: "the input of its first execution", Where: "Step Functions, execution " + id, Until: &at},
		{What: "the video", Where: "the videos bucket, " + video.FileKey(id), Todo: &todo},
	}}
}

func models() client.Models {
	list := client.Models{Object: "list", Default: video.DefaultModel, Models: []client.Model{
		{
			Name: video.DefaultModel, NeedsOneOf: []string{"prompt"}, Durations: []int{5, 10},
			Parameters: []client.Parameter{
				{Name: "prompt", Type: "string", Required: true},
				{Name: "duration", Type: "integer", Enum: []any{5, 10}, Default: 5},
				{Name: "cfg_scale", Type: "number", Minimum: new(float64), Maximum: number(1)},
				{Name: "advanced_camera_control", Type: "object", Fields: []client.Parameter{{Name: "movement_type", Type: "string", Required: true, Enum: []any{"pan", "tilt"}}}},
			},
			Price:   &client.Price{Kind: "fixed", Unit: "second", Variants: []client.Variant{{When: map[string]string{}, USD: "0.196", Unit: "second", Per: 1}}, Source: priceSource, Date: priceDate},
			Charged: []client.Charge{{Duration: 5, USD: "0.98"}},
			Usual:   []client.Usual{{Duration: 5, Seconds: 80}, {Duration: 10, Seconds: 150}},
		},
		{
			Name: "klingai/video-v3-pro-text-to-video", NeedsOneOf: []string{"prompt", "multi_prompt"}, Durations: []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
			Parameters: []client.Parameter{
				{Name: "prompt", Type: "string"},
				{Name: "multi_prompt", Type: "array", Item: &client.Parameter{Type: "string", Required: true}},
			},
			Price: &client.Price{Kind: "variants", Unit: "second", Variants: []client.Variant{
				{When: map[string]string{"generate_audio": "false"}, USD: "0.168", Unit: "second", Per: 1},
				{When: map[string]string{"generate_audio": "true"}, USD: "0.252", Unit: "second", Per: 1},
			}, Source: priceSource, Date: priceDate},
			Charged: []client.Charge{}, Usual: []client.Usual{},
		},
		{
			Name: "klingai/v2-master-text-to-video", NeedsOneOf: []string{"prompt"}, Durations: []int{5, 10},
			Parameters: []client.Parameter{{Name: "prompt", Type: "string", Required: true}},
			Price:      &client.Price{Kind: "variable", Variants: []client.Variant{}, Source: priceSource, Date: priceDate},
			Charged:    []client.Charge{{Duration: 10, USD: "2.5"}}, Usual: []client.Usual{},
		},
		{
			Name: "kling-video/v1/standard/text-to-video", NeedsOneOf: []string{"prompt"}, Durations: []int{5, 10},
			Parameters: []client.Parameter{{Name: "prompt", Type: "string", Required: true}},
			Charged:    []client.Charge{}, Usual: []client.Usual{},
		},
	}}
	for i := range list.Models {
		m := &list.Models[i]
		m.Type, m.Info = "video", client.ModelInfo{Name: m.Name, Developer: "Kling AI"}
		m.Aliases, m.Tags, m.Endpoints = []string{}, []string{}, []string{"/v2/video/generations"}
	}
	return list
}

func number(n float64) *float64 { return &n }
