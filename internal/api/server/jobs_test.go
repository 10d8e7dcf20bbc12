package server_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/api/server"
	"github.com/takeup/takeup/internal/operator"
)

// videosReplies are the replies about jobs, uploads, caps and prices.
func videosReplies() map[string]reply {
	get := func(target string) call { return call{"GET", target, nil, ""} }
	post := func(target, body string) call { return call{"POST", target, nil, body} }
	noURL := errors.New("no credentials")
	large := strings.Repeat(" ", 64<<10)
	return map[string]reply{
		"list":                {call: get("/videos")},
		"list-status":         {call: get("/videos?status=discarded")},
		"list-running":        {call: get("/videos?status=running&model=kling-video/v1/pro/text-to-video&from=2026-08-21&to=2026-08-21T12:00:00.5%2B02:00")},
		"list-owner":          {call: get("/videos?owner=alice&limit=2")},
		"list-batch":          {call: get("/videos?batch=batches-a&status=completed")},
		"list-metadata":       {call: get("/videos?metadata.project=paper+boats&metadata.scene=7&limit=1")},
		"list-bad-metadata":   {call: get("/videos?metadata.a+b=1&metadata.=2&metadata.long=" + strings.Repeat("a", 513))},
		"list-twice-metadata": {call: get("/videos?metadata.a=1&metadata.a=2")},
		"list-search":         {call: get("/videos?q=paper%20boat&limit=1")},
		"list-bad-filters":    {call: get("/videos?batch=a+b&model=sora&owner=a+b&from=yesterday&to=0000-01-01&q=+")},
		"list-limit":          {call: get("/videos?limit=1&status=error")},
		"list-next":           {call: get("/videos?limit=50&cursor=generating")},
		"list-none":           {call: get("/videos?cursor=zzz")},
		"list-bad-query":      {call: get("/videos?status=done&limit=51&cursor=")},
		"list-bad-limit":      {call: get("/videos?limit=ten")},
		"list-old-cursor":     {call: get("/videos?cursor=old")},
		"list-trouble":        {call: get("/videos"), err: trouble},
		"list-no-url":         {call: get("/videos"), urlErr: noURL},
		"list-post":           {call: post("/videos", boat)},
		"video-queued":        {call: get("/videos/queued")},
		"video-generating":    {call: get("/videos/generating")},
		"video-late":          {call: get("/videos/late")},
		"video-no-room":       {call: get("/videos/no-room")},
		"video-completed":     {call: get("/videos/done")},
		"video-error":         {call: get("/videos/poor")},
		"video-cancelled":     {call: get("/videos/cancelled")},
		"video-discarded":     {call: get("/videos/discarded")},
		"video-no-request":    {call: get("/videos/no-request")},
		"video-unknown":       {call: get("/videos/nobody")},
		"video-bad-id":        {call: get("/videos/a%2Fb")},
		"video-trouble":       {call: get("/videos/done"), err: trouble},
		"video-no-url":        {call: get("/videos/done"), urlErr: noURL},
		"video-head":          {call: call{"HEAD", "/videos/done", nil, ""}},
		"video-put":           {call: call{"PUT", "/videos/done", nil, "{}"}},
		"content":             {call: get("/videos/done/content")},
		"content-head":        {call: call{"HEAD", "/videos/done/content", nil, ""}},
		"content-not-yet":     {call: get("/videos/generating/content")},
		"content-never":       {call: get("/videos/failed/content")},
		"content-gone":        {call: get("/videos/gone/content")},
		"content-unknown":     {call: get("/videos/nobody/content")},
		"content-trouble":     {call: get("/videos/done/content"), err: trouble},
		"content-no-url":      {call: get("/videos/done/content"), urlErr: noURL},
		"content-urls":        {call: get("/videos/done/content?redirect=false")},
		"content-urls-no-url": {call: get("/videos/done/content?redirect=false"), urlErr: noURL},
		"content-redirect":    {call: get("/videos/done/content?redirect=true")},
		"content-bad":         {call: get("/videos/done/content?redirect=no")},
		"cancel":              {call: call{"DELETE", "/videos/queued", nil, ""}},
		"cancel-too-late":     {call: call{"DELETE", "/videos/generating?discard=false", nil, ""}},
		"cancel-discard":      {call: call{"DELETE", "/videos/generating?discard=true", nil, ""}},
		"cancel-ended":        {call: call{"DELETE", "/videos/failed", nil, ""}},
		"cancel-bad-discard":  {call: call{"DELETE", "/videos/queued?discard=yes", nil, ""}},
		"cancel-unknown":      {call: call{"DELETE", "/videos/nobody", nil, ""}},
		"cancel-bad-id":       {call: call{"DELETE", "/videos/a%20b", nil, ""}},
		"cancel-trouble":      {call: call{"DELETE", "/videos/queued", nil, ""}, err: trouble},
		"redrive":             {call: post("/videos/poor/redrive", "")},
		"redrive-running":     {call: post("/videos/generating/redrive", "")},
		"redrive-unknown":     {call: post("/videos/nobody/redrive", "")},
		"redrive-bad-id":      {call: post("/videos/a.b/redrive", "")},
		"redrive-trouble":     {call: post("/videos/poor/redrive", ""), err: trouble},
		"retry":               {call: post("/videos/no-room/retry", "")},
		"retry-ended":         {call: post("/videos/poor/retry", "")},
		"retry-too-soon":      {call: post("/videos/queued/retry", "")},
		"retry-unknown":       {call: post("/videos/nobody/retry", "")},
		"retry-bad-id":        {call: post("/videos/a.b/retry", "")},
		"retry-trouble":       {call: post("/videos/no-room/retry", ""), err: trouble},
		"retry-get":           {call: get("/videos/no-room/retry")},
		"redrive-get":         {call: get("/videos/poor/redrive")},
		"forget":              {call: post("/videos/done/forget", "")},
		"forget-running":      {call: post("/videos/generating/forget", "")},
		"forget-unknown":      {call: post("/videos/nobody/forget", "")},
		"forget-bad-id":       {call: post("/videos/a.b/forget", "")},
		"forget-trouble":      {call: post("/videos/poor/forget", ""), err: trouble},
		"forget-no-url":       {call: post("/videos/done/forget", ""), urlErr: noURL},
		"forget-get":          {call: get("/videos/poor/forget")},
		"control":             {call: get("/control")},
		"control-paused":      {call: get("/control"), caps: paused(operator.Paused{By: "arn:aws:iam::123456789012:user/ann", Since: at, Reason: "a bill"})},
		"control-copy":        {call: get("/control"), caps: paused(operator.Paused{CopyOf: "takeup-jobs"})},
		"control-caps":        {call: get("/control"), caps: overridden(midnight)},
		"control-caps-stay":   {call: get("/control"), caps: overridden(time.Time{})},
		"control-trouble":     {call: get("/control"), err: trouble},
		"control-post":        {call: post("/control", "")},
		"upload":              {call: post("/uploads", `{"type":"txt"}`)},
		"upload-json":         {call: post("/uploads", `{"type":"json"}`)},
		"upload-bad-type":     {call: post("/uploads", `{"type":"exe"}`)},
		"upload-more-fields":  {call: post("/uploads", `{"type":"txt","name":"canary"}`)},
		"upload-not-json":     {call: post("/uploads", `type=txt`)},
		"upload-null":         {call: post("/uploads", `null`)},
		"upload-form":         {call: call{"POST", "/uploads", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "type=txt"}},
		"upload-too-large":    {call: post("/uploads", `{"type":"txt"}`+large)},
		"upload-no-form":      {call: post("/uploads", `{"type":"txt"}`), urlErr: noURL},
		"upload-get":          {call: get("/uploads")},
		"statuses":            {call: post("/statuses", `{"ids":["done","nobody","poor","generating","queued","no-room","cancelled","discarded","failed","no-request"]}`)},
		"statuses-none":       {call: post("/statuses", `{"ids":["nobody"]}`)},
		"statuses-bad":        {call: post("/statuses", `{"ids":["done","a/b",7],"limit":1}`)},
		"statuses-empty":      {call: post("/statuses", `{"ids":[]}`)},
		"statuses-too-many":   {call: post("/statuses", `{"ids":["done"`+strings.Repeat(`,"done"`, 100)+`]}`)},
		"statuses-not-json":   {call: post("/statuses", `["done"]`)},
		"statuses-no-text":    {call: post("/statuses", "\xff\xfe{")},
		"statuses-too-large":  {call: post("/statuses", `{"ids":["done"]}`+large)},
		"statuses-form":       {call: call{"POST", "/statuses", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "ids=done"}},
		"statuses-trouble":    {call: post("/statuses", `{"ids":["done"]}`), err: trouble},
		"statuses-get":        {call: get("/statuses")},
		"check":               {call: post("/check", boat)},
		"check-range":         {call: post("/check", `{"prompt":"a boat","model":"klingai/video-v3-pro-text-to-video"}`)},
		"check-unpriced":      {call: post("/check", `{"prompt":"a boat","model":"klingai/v2-master-text-to-video"}`)},
		"check-not-json":      {call: post("/check", "{\n  \"prompt\": \"a boat\",\n}")},
		"check-fields":        {call: post("/check", `{"prompt":"a boat","duration":7}`)},
		"check-too-large":     {call: post("/check", boat+large)},
		"check-form":          {call: call{"POST", "/check", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "prompt=boat"}},
		"check-get":           {call: get("/check")},
		"videos-slash":        {call: get("/videos/")},
		"videos-options":      {call: call{"OPTIONS", "/videos/done", nil, ""}},
		"videos-unknown-part": {call: get("/videos/done/frames")},
	}
}

func TestListQuery(t *testing.T) {
	j := newJobs(t)
	handler := newHandler(j, links{}, io.Discard)
	for _, target := range []string{
		"/videos", "/videos?status=queued&limit=7&cursor=abc",
		"/videos?owner=alice&limit=20", "/videos?batch=batches-a", "/videos?metadata.project=paper+boats&metadata.scene=7",
		"/videos?status=running&model=kling-video/v1/pro/text-to-video&from=2026-08-21&to=2026-08-21T12:00:00%2B02:00",
	} {
		handler.ServeHTTP(httptest.NewRecorder(), call{"GET", target, nil, ""}.request())
	}
	const never = "0001-01-01 00:00:00 +0000 UTC"
	if want := []string{
		"{States:[] Model: Owner: Batch: Metadata:map[] Words: From:" + never + " To:" + never + " Limit:20 Cursor:}",
		"{States:[queued] Model: Owner: Batch: Metadata:map[] Words: From:" + never + " To:" + never + " Limit:7 Cursor:abc}",
		"{States:[] Model: Owner:alice Batch: Metadata:map[] Words: From:" + never + " To:" + never + " Limit:20 Cursor:}",
		"{States:[] Model: Owner: Batch:batches-a Metadata:map[] Words: From:" + never + " To:" + never + " Limit:20 Cursor:}",
		"{States:[] Model: Owner: Batch: Metadata:map[project:paper boats scene:7] Words: From:" + never + " To:" + never + " Limit:20 Cursor:}",
		"{States:[queued generating] Model:kling-video/v1/pro/text-to-video Owner: Batch: Metadata:map[] Words: From:2026-08-21 00:00:00 +0000 UTC To:2026-08-21 12:00:00 +0200 +0200 Limit:20 Cursor:}",
	}; !slices.Equal(j.asked, want) {
		t.Errorf("got %q", j.asked)
	}
}

// If no time is known there is no estimate, and no error.
func TestNoEstimate(t *testing.T) {
	a := newAPI(newJobs(t), links{}, io.Discard)
	a.Estimator = clockwork{unknown: true}
	for target, want := range map[string]string{"/videos/generating": `"estimate":null`, "/models": `"usual":[]`} {
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, call{"GET", target, nil, ""}.request())
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got %s", target, w.Body)
		}
	}
}

var _ server.Videos = links{}
