package apitest

import (
	"hash/crc32"
	"net/http"
	"time"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
	"github.com/takeup/takeup/internal/video/report"
)

// Created is when the fake's jobs were created.
var Created = time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)

// Video returns a job with a status, as the API shows it. Done and Without return jobs
// that have ended.
func (s *Server) Video(id string, request video.Request, status video.State) api.Video {
	brief, owner := request.Brief(), "alice"
	v := api.Video{
		ID: id, Status: status, Model: &brief.Model, Prompt: &brief.Prompt, Duration: &brief.Duration, AspectRatio: &brief.AspectRatio,
		Request: &request, CreatedAt: Created, Owner: &owner, Origin: &api.Origin{Trigger: video.TriggerAPI, Token: &owner},
	}
	v.History = []api.Event{{At: Created, What: report.EventTaken, Message: "taken by the API"}}
	no, yes := video.PaidNo, video.PaidYes
	switch status {
	case video.StateQueued:
		v.Waiting = &api.Waiting{For: report.WaitStart, Since: Created, Paid: &no, Message: "Its execution is about to take it up. Nothing was paid."}
	case video.StateGenerating:
		at := Created.Add(time.Second)
		v.Waiting = &api.Waiting{For: report.WaitGeneration, Since: at, Paid: &yes, Message: "The provider is generating the video. It is paid."}
		v.History = append(v.History, api.Event{At: at, What: report.EventAccepted, Message: "accepted as generation generation-of-" + id})
		left, progress, usual := 5, 0.5, 10
		v.SubmittedAt, v.Estimate = &at, &api.Estimate{LeftSeconds: &left, Progress: &progress, UsualSeconds: &usual}
	}
	return v
}

// Done returns a completed job, and has its file served.
func (s *Server) Done(id string, request video.Request, content string) api.Video {
	if _, served := s.files[id]; !served {
		s.files[id] = []http.HandlerFunc{File(content)}
	}
	submitted, ended := Created.Add(time.Second), Created.Add(80*time.Second)
	sum := video.CRC32(crc32.ChecksumIEEE([]byte(content)))
	url := s.URL + "/files/" + id + "?" + Signature
	v := s.Video(id, request, video.StateCompleted)
	v.SubmittedAt, v.EndedAt = &submitted, &ended
	v.Cost = &api.Cost{USD: 0.56}
	v.Manifest = &video.Manifest{
		ID: id, Model: request.Model(), Request: request, GenerationID: "generation-of-" + id,
		CreatedAt: Created, SubmittedAt: submitted, CompletedAt: ended, StoringAt: ended, StoredAt: ended, Polls: 3,
		Bytes: int64(len(content)), CRC32: sum, Seconds: 5.04, Width: 1280, Height: 720, ChargedMicros: 560_000, PipelineVersion: "1",
	}
	v.Video = &api.File{
		URL: url, DownloadURL: url, S3URI: objectkey.URI("videos", objectkey.Video(video.Locator{ID: id})), ExpiresAt: ended.Add(time.Hour), ContentType: "video/mp4",
		Bytes: v.Manifest.Bytes, CRC32: sum,
	}
	return v
}

// Without returns a job that ended without a video.
func (s *Server) Without(id string, request video.Request, status video.State, name, message string, redrivable bool) api.Video {
	v := s.Video(id, request, status)
	ended := Created.Add(time.Minute)
	v.EndedAt = &ended
	v.Error = &api.Outcome{Name: name, Message: message, Advice: "see the message", Paid: video.PaidNo, Redrivable: redrivable}
	return v
}
