package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/takeup/takeup/internal/api"
)

// Occupied says that a file with other content has the video's path.
type Occupied struct{ Path string }

func (e *Occupied) Error() string {
	return e.Path + " already exists with other content; move it away, give another --output, or replace it with --force"
}

// Downloading says that another process is downloading to the same file.
type Downloading struct{ Path string }

func (e *Downloading) Error() string {
	return "another download to " + e.Path + " is running; wait until it has ended"
}

// Unusable says that something other than a regular file has the video's path.
type Unusable struct {
	Path string
	Kind string // what it is
}

func (e *Unusable) Error() string {
	return e.Path + " is " + e.Kind + ", not a regular file; give another --output, a file or a directory"
}

// CheckTarget returns an *Unusable if there is something other than a regular file at a
// path. Reading a pipe may block forever, and replacing a device breaks it. A symbolic
// link is not followed, since a rename wouldn't follow it either.
func CheckTarget(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("checking %s: %w", path, err)
	case info.Mode().IsRegular():
		return nil
	}
	kind := "a special file"
	switch mode := info.Mode(); {
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeSymlink != 0:
		kind = "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return &Unusable{Path: path, Kind: kind}
}

// Download says which video goes into which file.
type Download struct {
	Video api.Video // completed
	Path  string    // of the file
	// Force replaces an existing file with other content.
	Force bool
	// Progress is called with the number of bytes that are there, and the total; it may
	// be nil.
	Progress func(done, total int64)
}

// Download fetches the video of a completed job into a file. The file appears under its
// name only once it is complete and has the manifest's checksum; until then it is
// .<name>.part beside it. An interrupted download is resumed from there, even by another
// process. A failed attempt is repeated with a new URL, since URLs expire soon.
//
// If the file exists with the same content it is kept, and fetched is false. The error
// is an *Occupied, a *Downloading, an *Unusable, or a *Refused where the video is gone.
func (c *Client) Download(ctx context.Context, d Download) (fetched bool, err error) {
	if d.Video.Video == nil || d.Video.Manifest == nil {
		return false, &Unexpected{Address: c.config.BaseURL, What: "it says that job " + d.Video.ID + " is completed, and names no file"}
	}
	if err := CheckTarget(d.Path); err != nil {
		return false, err
	}
	switch same, err := d.same(); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return false, fmt.Errorf("reading %s: %w", d.Path, err)
	case same:
		return false, nil
	case !d.Force:
		return false, &Occupied{Path: d.Path}
	}
	if err := os.MkdirAll(filepath.Dir(d.Path), 0o755); err != nil {
		return false, fmt.Errorf("making the directory for the video: %w", err)
	}
	part, err := openPart(d.Path)
	if err != nil {
		return false, err
	}
	defer func() {
		if info, statErr := part.Stat(); err != nil && statErr == nil && info.Size() == 0 {
			err = errors.Join(err, os.Remove(part.Name())) // nothing to resume from
		}
		err = errors.Join(err, part.Close())
	}()
	for attempt := 1; ; attempt++ {
		err := c.fetch(ctx, d, part)
		if err == nil {
			return true, d.place(part)
		}
		err = fmt.Errorf("downloading the video of job %s: %w", d.Video.ID, err)
		var answered *status
		if errors.As(err, &answered) && answered.code == http.StatusNotFound {
			if _, why := c.File(ctx, d.Video.ID); why != nil {
				return false, why
			}
		}
		if attempt == Attempts || ctx.Err() != nil {
			return false, err
		}
		if err := c.config.Sleep(ctx, time.Second<<(attempt-1)); err != nil {
			return false, err
		}
		if d.Video, err = c.Video(ctx, d.Video.ID); err != nil {
			return false, err
		}
		if d.Video.Video == nil || d.Video.Manifest == nil {
			return false, fmt.Errorf("downloading the video of job %s: it is %s now", d.Video.ID, d.Video.Status)
		}
	}
}

// same reports whether the file is the video already.
func (d Download) same() (bool, error) {
	f, err := os.Open(d.Path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	digest := newDigest()
	size, err := io.Copy(digest, f)
	return err == nil && verify(*d.Video.Manifest, size, digest) == nil, err
}

func partPath(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part")
}

// openPart opens the file for the download, and locks it for this process.
func openPart(path string) (*os.File, error) {
	if err := CheckTarget(partPath(path)); err != nil {
		return nil, err
	}
	part, err := os.OpenFile(partPath(path), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o666)
	if err != nil {
		return nil, fmt.Errorf("making a file for the video: %w", err)
	}
	if err := syscall.Flock(int(part.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(&Downloading{Path: path}, part.Close())
	}
	return part, nil
}

// fetch resumes the download until the file is complete. One whose size or checksum is
// another is emptied, so that the next attempt begins anew.
func (c *Client) fetch(ctx context.Context, d Download, part *os.File) error {
	manifest := *d.Video.Manifest
	digest := newDigest()
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	have, err := io.Copy(digest, part)
	if err != nil {
		return err
	}
	if have < manifest.Bytes || have == 0 {
		body, err := c.open(ctx, d.Video.Video.DownloadURL, have)
		if err != nil {
			return err
		}
		defer body.Close()
		counted := &counter{to: io.MultiWriter(part, digest), done: have, total: manifest.Bytes, progress: d.Progress}
		// One byte more than the manifest says is enough to see that it is another file.
		more, err := io.Copy(counted, io.LimitReader(body, manifest.Bytes-have+1))
		if err != nil {
			return withoutURL(err)
		}
		have += more
	}
	if have < manifest.Bytes {
		return fmt.Errorf("the transfer ended after %d of %d bytes", have, manifest.Bytes)
	}
	if err := verify(manifest, have, digest); err != nil {
		return errors.Join(err, part.Truncate(0))
	}
	return nil
}

// open requests the content of a URL from an offset on.
func (c *Client) open(ctx context.Context, url string, offset int64) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, errors.New("the API gave a URL that can't be used")
	}
	want := http.StatusOK
	if offset > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
		want = http.StatusPartialContent
	}
	response, err := c.config.HTTP.Do(request)
	if err != nil {
		return nil, withoutURL(err)
	}
	switch {
	case response.StatusCode == want:
		return response.Body, nil
	case response.StatusCode == http.StatusOK:
		// The server ignored the range and sends the whole file.
		if _, err := io.CopyN(io.Discard, response.Body, offset); err != nil {
			return nil, errors.Join(withoutURL(err), response.Body.Close())
		}
		return response.Body, nil
	}
	return nil, errors.Join(&status{response.StatusCode, response.Status}, response.Body.Close())
}

// status is the status of a response without the file.
type status struct {
	code int
	text string
}

func (e *status) Error() string { return "S3 answered " + e.text }

// place gives the complete file its name.
func (d Download) place(part *os.File) error {
	if err := part.Sync(); err != nil {
		return fmt.Errorf("writing the video: %w", err)
	}
	if d.Force {
		return os.Rename(part.Name(), d.Path)
	}
	// Unlike a rename, a link never replaces a file.
	switch err := os.Link(part.Name(), d.Path); {
	case errors.Is(err, fs.ErrExist):
		return &Occupied{Path: d.Path}
	case err != nil: // some file systems have no hard links
		if _, err := os.Lstat(d.Path); !errors.Is(err, fs.ErrNotExist) {
			return &Occupied{Path: d.Path}
		}
		return os.Rename(part.Name(), d.Path)
	}
	return os.Remove(part.Name())
}

// counter reports the bytes that pass.
type counter struct {
	to          io.Writer
	done, total int64
	progress    func(done, total int64)
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.done += int64(n)
	if c.progress != nil {
		c.progress(c.done, c.total)
	}
	return n, err
}
