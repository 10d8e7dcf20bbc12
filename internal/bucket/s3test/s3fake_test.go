package s3test_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/takeup/takeup/internal/bucket/s3test"
)

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func put(t *testing.T, client *s3.Client, key, body string, options ...func(*s3.PutObjectInput)) (*s3.PutObjectOutput, error) {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: aws.String("b"), Key: &key, Body: bytes.NewReader([]byte(body))}
	for _, option := range options {
		option(in)
	}
	return client.PutObject(t.Context(), in)
}

func TestObjects(t *testing.T) {
	fake := s3test.New(t)
	client, ctx := fake.Client(), t.Context()
	const key = "a folder/ü+1.txt"
	first, err := put(t, client, key, "0123456789", func(in *s3.PutObjectInput) {
		in.ContentType, in.Metadata = aws.String("text/plain"), map[string]string{"job": "x"}
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String(key), Range: aws.String("bytes=2-4")})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(out.Body)
	if err != nil || string(body) != "234" || *out.ETag != *first.ETag || *out.ContentType != "text/plain" || out.Metadata["job"] != "x" {
		t.Errorf("range: %q, %v, %+v", body, err, out)
	}
	head, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String(key), ChecksumMode: types.ChecksumModeEnabled})
	if err != nil || *head.ContentLength != 10 || aws.ToString(head.ChecksumCRC32) == "" {
		t.Errorf("head: %+v, %v", head, err)
	}
	if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("b"), Key: aws.String(key)}); err != nil {
		t.Error(err)
	}
	_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String(key)})
	var absent *types.NoSuchKey
	if !errors.As(err, &absent) {
		t.Errorf("a deleted object gives %v", err)
	}
}

func TestConditions(t *testing.T) {
	fake := s3test.New(t)
	client := fake.Client()
	first, err := put(t, client, "k", "1", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") })
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key  string
		edit func(*s3.PutObjectInput)
		code string
	}{
		"there already": {"k", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") }, "PreconditionFailed"},
		"not there":     {"other", func(in *s3.PutObjectInput) { in.IfMatch = first.ETag }, "NoSuchKey"},
		"stale":         {"k", func(in *s3.PutObjectInput) { in.IfMatch = aws.String(`"0"`) }, "PreconditionFailed"},
		"bad checksum":  {"k", func(in *s3.PutObjectInput) { in.ChecksumSHA256 = aws.String("AAAA") }, "BadDigest"},
	} {
		if _, err := put(t, client, c.key, "2", c.edit); code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if object, _ := fake.Object("b", "k"); string(object.Body) != "1" {
		t.Errorf("a refused write took effect: %q", object.Body)
	}
	if _, err := put(t, client, "k", "3", func(in *s3.PutObjectInput) { in.IfMatch = first.ETag }); err != nil {
		t.Error(err)
	}
}

func TestMultipart(t *testing.T) {
	fake := s3test.New(t)
	client, ctx := fake.Client(), t.Context()
	bucket, key := aws.String("b"), aws.String("k")
	begin := func() *string {
		out, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		return out.UploadId
	}
	part := func(id *string, number int32, body []byte) types.CompletedPart {
		out, err := client.UploadPart(ctx, &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: id, PartNumber: &number, Body: bytes.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		return types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32}
	}
	finish := func(id *string, parts ...types.CompletedPart) error {
		_, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: bucket, Key: key, UploadId: id, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
		return err
	}
	large, small := bytes.Repeat([]byte("x"), 5<<20), []byte("end")
	id := begin()
	one, two := part(id, 1, large), part(id, 2, small)
	tiny := part(id, 3, small)
	listed, err := client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: bucket})
	if err != nil || len(listed.Uploads) != 1 || !slices.Equal(fake.OpenUploads("b"), []string{"k"}) {
		t.Errorf("listed: %+v, %v", listed, err)
	}
	if err := finish(id, two, one); code(err) != "InvalidPartOrder" {
		t.Errorf("in the wrong order: %v", err)
	}
	if err := finish(id, one, two, tiny); code(err) != "EntityTooSmall" {
		t.Errorf("with a small part: %v", err)
	}
	if err := finish(id, one, types.CompletedPart{PartNumber: aws.Int32(2), ETag: one.ETag}); code(err) != "InvalidPart" {
		t.Errorf("with another part's ETag: %v", err)
	}
	if err := finish(id, one, two); err != nil {
		t.Fatal(err)
	}
	if object, _ := fake.Object("b", "k"); !bytes.Equal(object.Body, append(large, small...)) {
		t.Errorf("it stored %d bytes", len(object.Body))
	}
	if err := finish(id, one, two); code(err) != "NoSuchUpload" {
		t.Errorf("completed twice: %v", err)
	}
	id = begin()
	if _, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: id}); err != nil {
		t.Error(err)
	}
	if open := fake.OpenUploads("b"); len(open) != 0 {
		t.Errorf("still open: %v", open)
	}
}

// The SDK retries a call that fails once, however it failed.
func TestFaults(t *testing.T) {
	for name, fault := range map[string]s3test.Fault{
		"503 before": {Status: 503, Code: "SlowDown"},
		"503 after":  {After: true, Status: 503, Code: "SlowDown"},
		"cut before": {Cut: true},
		"cut after":  {After: true, Cut: true},
	} {
		fake := s3test.New(t)
		stored := false
		fake.Fail(func(call s3test.Call) s3test.Fault {
			if call.Op != "PutObject" || call.Count > 1 {
				_, stored = fake.Object("b", "k")
				return s3test.Fault{}
			}
			return fault
		})
		if _, err := put(t, fake.Client(), "k", "1"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if stored != fault.After || fake.Count("PutObject") != 2 {
			t.Errorf("%s: stored before the second try: %v; %d tries", name, stored, fake.Count("PutObject"))
		}
	}
}

func TestBodyCut(t *testing.T) {
	fake := s3test.New(t)
	fake.Put("b", "k", bytes.Repeat([]byte("x"), 1<<16))
	fake.Fail(func(s3test.Call) s3test.Fault { return s3test.Fault{CutBody: true} })
	out, err := fake.Client().GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	if body, err := io.ReadAll(out.Body); err == nil || len(body) != 1<<15 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}
