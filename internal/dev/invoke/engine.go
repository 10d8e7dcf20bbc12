package invoke

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// defaultEngine is where SAM looks for a Docker engine if DOCKER_HOST is not set.
const defaultEngine = "unix:///var/run/docker.sock"

// NoEngine says that no Docker engine answers.
type NoEngine struct {
	Address string
	Err     error
}

func (e *NoEngine) Error() string {
	return fmt.Sprintf("sam local invoke needs a Docker engine, and none answers at %s (%v); start Docker, or install it (on Debian: apt-get install docker.io), or set DOCKER_HOST to another engine", e.Address, e.Err)
}

func (e *NoEngine) Unwrap() error { return e.Err }

// Engine is a Docker engine. The few calls used here are in every version of its API:
// https://docs.docker.com/reference/api/engine/.
type Engine struct {
	Address string
	client  *http.Client
}

// FindEngine finds the engine that SAM will use. The error is a *NoEngine if none answers.
// host is DOCKER_HOST.
func FindEngine(ctx context.Context, host string) (*Engine, error) {
	if host == "" {
		host = defaultEngine
	}
	e := &Engine{Address: host}
	network, address, _ := strings.Cut(host, "://")
	if network != "unix" && network != "tcp" {
		// For SSH and others, SAM reports whether it answers.
		return e, nil
	}
	e.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}}
	if status, err := e.get(ctx, "/_ping"); err != nil || status != http.StatusOK {
		if err == nil {
			err = fmt.Errorf("it answers %d", status)
		}
		return nil, &NoEngine{Address: host, Err: err}
	}
	return e, nil
}

// HasImage reports whether the engine has an image, so that it need not be pulled.
func (e *Engine) HasImage(ctx context.Context, name string) bool {
	if e.client == nil {
		return false
	}
	status, err := e.get(ctx, "/images/"+url.PathEscape(name)+"/json")
	return err == nil && status == http.StatusOK
}

// Image returns the base image in which SAM runs the template's functions.
func Image(architecture string) string {
	return "public.ecr.aws/lambda/provided:al2023-" + architecture
}

func (e *Engine) get(ctx context.Context, path string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker"+path, nil)
	if err != nil {
		return 0, err
	}
	response, err := e.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, err
}
