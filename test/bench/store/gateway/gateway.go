// Package gateway runs versitygw, an S3 server on files, as a separate process on loopback, over
// TLS like S3.
package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Region, AccessKey and SecretKey are those that the server accepts.
const (
	Region    = "us-east-1"
	AccessKey = "bench-store"
	SecretKey = "bench-store-secret"
)

// startLimit bounds the wait for the server's first answer.
const startLimit = 30 * time.Second

// Gateway is a running server.
type Gateway struct {
	URL string // the endpoint
	CA  string // a file with the CA certificate that signed the server's

	client      *s3.Client
	transport   *http.Transport
	certificate certificate
	dir, files  string
	cancel      context.CancelFunc
	ended       chan struct{}
}

// Start runs the program, with its files in dir.
func Start(ctx context.Context, program, dir string) (*Gateway, error) {
	g := &Gateway{dir: dir, files: filepath.Join(dir, "files"), ended: make(chan struct{})}
	if err := os.MkdirAll(g.files, 0o700); err != nil {
		return nil, err
	}
	var err error
	if g.certificate, err = newCertificate(dir); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	g.URL, g.CA = "https://"+address, g.certificate.ca
	log := filepath.Join(dir, "versitygw.log")
	out, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	running, cancel := context.WithCancel(ctx)
	g.cancel = cancel
	cmd := exec.CommandContext(running, program, "--port", address, "--quiet", "--keep-alive",
		"--cert", g.certificate.cert, "--key", g.certificate.key, "posix", g.files)
	cmd.Env = []string{"ROOT_ACCESS_KEY=" + AccessKey, "ROOT_SECRET_KEY=" + SecretKey, "VGW_REGION=" + Region, "HOME=" + dir}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go func() {
		// Pdeathsig depends on the thread that started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its log says more
		}
		close(g.ended)
	}()
	if err := <-started; err != nil {
		cancel()
		return nil, fmt.Errorf("starting versitygw: %w", err)
	}
	g.transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: g.certificate.pool}, DisableCompression: true}
	g.client = s3.New(s3.Options{
		Region: Region, BaseEndpoint: aws.String(g.URL), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
		HTTPClient:  &http.Client{Transport: g.transport},
	})
	if err := g.ready(ctx); err != nil {
		g.Stop()
		return nil, fmt.Errorf("starting versitygw: %w; its output is in %s", err, log)
	}
	return g, nil
}

// Stop stops the server.
func (g *Gateway) Stop() {
	g.cancel()
	<-g.ended
}

// ready waits until the server answers.
func (g *Gateway) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		_, err := g.client.ListBuckets(ctx, &s3.ListBucketsInput{}, func(o *s3.Options) { o.RetryMaxAttempts = 1 })
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-g.ended:
			return errors.New("it ended at once")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// freeAddress returns a loopback address on which nothing listens.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
