package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/bucket"
	"github.com/takeup/takeup/internal/bucket/objectkey"
	"github.com/takeup/takeup/internal/promptfile"
)

// upload puts a file into the prompts bucket and returns the id of its job.
func (w *world) upload(t *testing.T, key string, content []byte) string {
	t.Helper()
	w.put(t, key, content)
	return w.fileJob(key, content)
}

// put puts a file into the prompts bucket and returns its version.
func (w *world) put(t *testing.T, key string, content []byte) string {
	t.Helper()
	bucket := w.stack.Outputs["PromptsBucket"]
	reply, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
	return value(reply.VersionId)
}

func (w *world) fileJob(key string, content []byte) string {
	return promptfile.JobID(w.stack.Outputs["PromptsBucket"], key, promptfile.Sum(content))
}

// uploadForm uploads as a browser does, by a presigned form.
func (w *world) uploadForm(t *testing.T, key string, content []byte) string {
	t.Helper()
	bucket := w.stack.Outputs["PromptsBucket"]
	form, err := s3.NewPresignClient(w.s3).PresignPostObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	fields := multipart.NewWriter(&body)
	for name, text := range form.Values {
		if err := fields.WriteField(name, text); err != nil {
			t.Fatal(err)
		}
	}
	file, err := fields.CreateFormFile("file", "prompt.txt")
	if err == nil {
		_, err = file.Write(content)
	}
	if err == nil {
		err = fields.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	status, _, reply := call(t, http.MethodPost, form.URL, "", body.String(), "Content-Type: "+fields.FormDataContentType())
	if status >= 300 {
		t.Fatalf("the form: %d %s", status, reply)
	}
	return w.fileJob(key, content)
}

// uploadCopy copies a file that is in the videos bucket, which starts nothing.
func (w *world) uploadCopy(t *testing.T, key string, content []byte) string {
	t.Helper()
	from, to, aside := w.stack.Outputs["VideosBucket"], w.stack.Outputs["PromptsBucket"], "aside/prompt.txt"
	if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &from, Key: &aside, Body: bytes.NewReader(content)}); err != nil {
		t.Fatal(err)
	}
	source := from + "/" + aside
	if _, err := w.s3.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: &to, Key: &key, CopySource: &source}); err != nil {
		t.Fatal(err)
	}
	return w.fileJob(key, content)
}

func (w *world) uploadParts(t *testing.T, key string, content []byte) string {
	t.Helper()
	bucket, number := w.stack.Outputs["PromptsBucket"], int32(1)
	begun, err := w.s3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	part, err := w.s3.UploadPart(t.Context(), &s3.UploadPartInput{
		Bucket: &bucket, Key: &key, UploadId: begun.UploadId, PartNumber: &number, Body: bytes.NewReader(content),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.s3.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: &key, UploadId: begun.UploadId,
		MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{{ETag: part.ETag, PartNumber: &number}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w.fileJob(key, content)
}

func (w *world) testUploads(t *testing.T) {
	object := func(prompt string) string {
		return fmt.Sprintf(`{"model":"klingai/v2.5-turbo/pro/text-to-video","prompt":%q,"duration":"10"}`, prompt)
	}
	line := func(prompt string) string { return prompt + "\n" }
	type way = func(*world, *testing.T, string, []byte) string
	tests := []struct {
		key    string
		upload way
		file   func(prompt string) string
		route  string // the route api.KlingGenerationPath doesn't take the object's model
	}{
		{"boat.txt", (*world).upload, line, api.KlingGenerationPath},
		{"evening/request.json", (*world).upload, object, api.GenerationsPath},
		{"evening/SHOUTED.TXT", (*world).upload, line, api.KlingGenerationPath},
		{"a paper + boat.txt", (*world).upload, line, api.KlingGenerationPath},
		{"größe 日本 🎬/küste.JSON", (*world).upload, object, api.GenerationsPath},
		{"100%25 %2B sure.txt", (*world).upload, line, api.KlingGenerationPath},
		{"by form + here.txt", (*world).uploadForm, line, api.KlingGenerationPath},
		{"by copy é.txt", (*world).uploadCopy, line, api.KlingGenerationPath},
		{"by parts.txt", (*world).uploadParts, line, api.KlingGenerationPath},
	}
	for _, test := range tests {
		t.Run(test.key, func(t *testing.T) {
			t.Parallel()
			prompt := w.prompt("the prompt of the file " + test.key)
			job := test.upload(w, t, test.key, []byte(test.file(prompt)))
			w.succeeded(t, job)
			w.stored(t, job)
			var request map[string]any
			if err := json.Unmarshal(w.generations(job)[0].Request, &request); err != nil || request["prompt"] != prompt {
				t.Errorf("the provider was sent %v (%v)", request, err)
			}
			if route := w.creates(job)[0].Route; route != test.route {
				t.Errorf("the provider was asked on %s", route)
			}
			if _, rejected := w.find(t, objectkey.Rejection(test.key)); rejected {
				t.Error("it was rejected, too")
			}
		})
	}
}

func (w *world) testRejected(t *testing.T) {
	tests := []struct {
		key, content string
		says         []string
	}{
		{"bad/picture.png", "\x89PNG", []string{".png", ".txt"}},
		{"bad/no extension", "a prompt without an extension", []string{"extension", ".txt"}},
		{"bad/broken.json", `{"prompt": "cut`, []string{"JSON"}},
		{"bad/list.json", `["a prompt in a list"]`, []string{"JSON object"}},
		{"bad/empty.txt", "", []string{"empty"}},
		{"bad/large.txt", strings.Repeat("a prompt that is far too long. ", 3000), []string{"64 KiB"}},
		{"bad/seven + 7.json", `{"prompt":"a prompt of seven seconds","duration":7}`, []string{"duration", "5 or 10"}},
		{"bad/latin-1.txt", "a prompt in K\xf6ln", []string{"UTF-8"}},
	}
	for _, test := range tests {
		t.Run(test.key, func(t *testing.T) {
			t.Parallel()
			if len(test.content) > 8 {
				w.prompt(test.content[:min(len(test.content), 25)])
			}
			job := w.upload(t, test.key, []byte(test.content))
			var said bucket.Rejection
			await(t, "the rejection of "+test.key, func() bool {
				content, ok := w.find(t, "rejected/"+test.key+".json")
				if err := json.Unmarshal(content, &said); ok && err != nil {
					t.Fatal(err)
				}
				return ok
			})
			for _, words := range test.says {
				if !strings.Contains(said.Reason, words) {
					t.Errorf("it lacks %q: %s", words, said.Reason)
				}
			}
			if said.Key != test.key || said.VersionID == "" || said.At.IsZero() {
				t.Errorf("it is of %+v", said)
			}
			if w.execution(t, job) != nil || len(w.creates(job)) > 0 {
				t.Error("a job was started")
			}
		})
	}
}
