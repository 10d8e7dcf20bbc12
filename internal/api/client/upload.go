package client

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"time"

	"github.com/takeup/takeup/internal/api"
)

// NotUploaded says that S3 refused a file.
type NotUploaded struct {
	Status int
	Code   string // S3's own, such as EntityTooLarge; empty if the response has none
	Said   string
}

func (e *NotUploaded) Error() string {
	said := http.StatusText(e.Status)
	if e.Code != "" {
		said = e.Code
	}
	if e.Said != "" {
		said += ": " + e.Said
	}
	return fmt.Sprintf("S3 refused the file (%d): %s", e.Status, said)
}

// Upload sends a file by a form. A failed attempt is repeated as Attempts says, from the
// beginning of the file. The error is a *NotUploaded, an *Unreachable, or one of the
// context.
func (c *Client) Upload(ctx context.Context, form api.Upload, name string, file io.ReaderAt, size int64) error {
	before, after, kind, err := around(form, name)
	if err != nil {
		return fmt.Errorf("preparing the upload: %w", err)
	}
	for attempt := 1; ; attempt++ {
		body := io.MultiReader(bytes.NewReader(before), io.NewSectionReader(file, 0, size), bytes.NewReader(after))
		err := c.send(ctx, form.URL, kind, body, int64(len(before)+len(after))+size)
		var refused *NotUploaded
		if err == nil || attempt == Attempts || ctx.Err() != nil || errors.As(err, &refused) && refused.Status < 500 && refused.Status != http.StatusTooManyRequests {
			return err
		}
		if err := c.config.Sleep(ctx, time.Second<<(attempt-1)); err != nil {
			return err
		}
	}
}

// around returns what a multipart body has before and after the file, and its type. S3
// ignores every field after the file.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
func around(form api.Upload, name string) (before, after []byte, kind string, err error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, field := range slices.Sorted(maps.Keys(form.Fields)) {
		err = errors.Join(err, w.WriteField(field, form.Fields[field]))
	}
	_, fileErr := w.CreateFormFile("file", name)
	before = bytes.Clone(body.Bytes())
	body.Reset()
	closeErr := w.Close()
	return before, body.Bytes(), w.FormDataContentType(), errors.Join(err, fileErr, closeErr)
}

// send sends a form once. The token isn't for S3.
func (c *Client) send(ctx context.Context, address, kind string, body io.Reader, size int64) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, body)
	if err != nil {
		return errors.New("the API gave an address for the upload that can't be used")
	}
	request.ContentLength = size
	request.Header.Set("Content-Type", kind)
	response, err := c.config.HTTP.Do(request)
	if err != nil {
		return &Unreachable{Address: request.URL.Host, Err: withoutURL(err)}
	}
	defer response.Body.Close()
	if response.StatusCode/100 == 2 {
		return nil
	}
	var why struct{ Code, Message string }
	said, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err == nil {
		_ = xml.Unmarshal(said, &why) // the answer of something else than S3
	}
	return &NotUploaded{Status: response.StatusCode, Code: why.Code, Said: why.Message}
}
