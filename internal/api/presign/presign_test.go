package presign_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/api/presign"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/video"
)

// client signs with a secret that no URL may show.
func client() *s3.PresignClient {
	return s3.NewPresignClient(s3.New(s3.Options{
		Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "canary"}, nil
		}),
	}))
}

func TestVideos(t *testing.T) {
	boat := video.Locator{ID: "job-1", CreatedAt: time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)}
	videos := presign.NewVideos(client(), "videos-bucket", 15*time.Minute)
	got, err := videos.URL(t.Context(), boat)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Scheme != "https" || !strings.HasPrefix(u.Host, "videos-bucket.s3.") || u.Path != "/"+objectkey.Video(boat) {
		t.Errorf("got %s", got)
	}
	for name, want := range map[string]string{
		"X-Amz-Expires": "900", "response-content-type": "video/mp4", "response-content-disposition": `inline; filename="job-1.mp4"`,
	} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	// A browser sends no header that would have to be signed.
	if q.Get("X-Amz-SignedHeaders") != "host" || q.Get("X-Amz-Signature") == "" || strings.Contains(got, "canary") {
		t.Errorf("got %s", got)
	}

	download, err := videos.DownloadURL(t.Context(), boat, "2026-08-21-ein-Boot-für-zwei")
	if d, parseErr := url.Parse(download); err != nil || parseErr != nil || d.Query().Get("response-content-disposition") != `attachment; filename="job-1.mp4"; filename*=UTF-8''2026-08-21-ein-Boot-f%C3%BCr-zwei.mp4` {
		t.Errorf("got %s, %v", download, err)
	}
	// A signature is of one method.
	head, err := videos.HeadURL(t.Context(), boat, "job-1")
	if h, parseErr := url.Parse(head); err != nil || parseErr != nil || h.Path != u.Path || h.Query().Get("X-Amz-SignedHeaders") != "host" ||
		h.Query().Get("response-content-type") != "video/mp4" || h.Query().Get("X-Amz-Signature") == q.Get("X-Amz-Signature") {
		t.Errorf("got %s, %v", head, err)
	}
	if h, err := url.Parse(head); err == nil && h.Query().Get("response-content-disposition") != `attachment; filename="job-1.mp4"` {
		t.Errorf("got %s", head)
	}
	poster, err := videos.PosterURL(t.Context(), boat)
	if p, parseErr := url.Parse(poster); err != nil || parseErr != nil || p.Path != "/"+objectkey.Poster(boat) || p.Query().Get("X-Amz-Expires") != "900" {
		t.Errorf("got %s, %v", poster, err)
	}
	if got := videos.URI(boat); got != "s3://videos-bucket/"+objectkey.Video(boat) {
		t.Errorf("got %s", got)
	}
	results, err := videos.ResultsURL(t.Context(), "batches-1", "csv")
	if r, parseErr := url.Parse(results); err != nil || parseErr != nil || r.Path != "/batches/batches-1/results.csv" ||
		r.Query().Get("response-content-disposition") != `attachment; filename="results.csv"` {
		t.Errorf("got %s, %v", results, err)
	}
	if origin, err := videos.Origin(t.Context()); err != nil || origin != u.Scheme+"://"+u.Host {
		t.Errorf("origin %s, %v", origin, err)
	}

	no := errors.New("no credentials")
	refused := presign.NewVideos(refusing{no}, "b", time.Minute)
	if _, err := refused.URL(t.Context(), boat); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if _, err := refused.HeadURL(t.Context(), boat, "job-1"); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if _, err := refused.PosterURL(t.Context(), boat); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if _, err := refused.ResultsURL(t.Context(), "a", "csv"); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if _, err := refused.Origin(t.Context()); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
}

func TestForms(t *testing.T) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	form, err := presign.NewForms(client(), "prompts-bucket", func() time.Time { return at }).Form(t.Context(), "uploads/file-1.txt", 65536)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(form.URL, "https://prompts-bucket.s3.") || form.Fields["key"] != "uploads/file-1.txt" || form.Key != "uploads/file-1.txt" || form.MaxBytes != 65536 || !form.ExpiresAt.Equal(at.Add(15*time.Minute)) {
		t.Errorf("got %+v", form)
	}
	policy, err := base64.StdEncoding.DecodeString(form.Fields["policy"])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`["content-length-range",1,65536]`, `"bucket":"prompts-bucket"`, `"key":"uploads/file-1.txt"`} {
		if !strings.Contains(strings.ReplaceAll(string(policy), " ", ""), want) {
			t.Errorf("the policy has no %s: %s", want, policy)
		}
	}
	origin, err := presign.NewForms(client(), "prompts-bucket", time.Now).Origin(t.Context())
	if u, parseErr := url.Parse(form.URL); err != nil || parseErr != nil || origin != u.Scheme+"://"+u.Host {
		t.Errorf("origin %s, %v", origin, err)
	}
	no := errors.New("no credentials")
	refused := presign.NewForms(refusing{no}, "b", time.Now)
	if _, err := refused.Form(t.Context(), "a", 1); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if _, err := refused.Origin(t.Context()); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
}

// refusing is a client that fails.
type refusing struct{ err error }

func (r refusing) PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error) {
	return nil, r.err
}

func (r refusing) PresignHeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error) {
	return nil, r.err
}

func (r refusing) PresignPostObject(context.Context, *s3.PutObjectInput, ...func(*s3.PresignPostOptions)) (*s3.PresignedPostRequest, error) {
	return nil, r.err
}
