package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
)

// occupied says that another file has the name that the video would get.
type occupied struct{ path string }

func (e *occupied) Error() string {
	return e.path + " is there already, with other content; move it away"
}

// download fetches a URL into a file that is whole or not there, and gives its
// size. A file that is there with the same content stays; one with other content
// gives an *occupied.
func (w *world) download(ctx context.Context, url, path string) (size int64, err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, fmt.Errorf("making the directory for the video: %w", err)
	}
	part, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.part")
	if err != nil {
		return 0, fmt.Errorf("making a file for the video: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(part.Name())) }()
	size, sum, err := w.fetch(ctx, url, part)
	if err = errors.Join(err, part.Chmod(0o644), part.Close()); err != nil {
		return 0, fmt.Errorf("downloading the video: %w", err)
	}
	// A link, unlike a rename, takes no name that is in use.
	err = os.Link(part.Name(), path)
	if !errors.Is(err, fs.ErrExist) {
		return size, err
	}
	other, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer other.Close()
	h := sha256.New()
	if _, err := io.Copy(h, other); err != nil {
		return 0, err
	}
	if !bytes.Equal(h.Sum(nil), sum) {
		return 0, &occupied{path: path}
	}
	return size, nil
}

// fetch copies a URL to a writer. A reply that ends early is an error.
func (w *world) fetch(ctx context.Context, url string, to io.Writer) (size int64, sum []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, errors.New("the API gave a URL that can't be used")
	}
	response, err := w.http.Do(request)
	if err != nil {
		return 0, nil, withoutURL(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, nil, fmt.Errorf("S3 answered %s", response.Status)
	}
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(to, h), response.Body)
	switch {
	case err != nil:
		return 0, nil, err
	case size == 0:
		return 0, nil, errors.New("the file is empty")
	}
	return size, h.Sum(nil), nil
}
