package stack

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// miniStackProgram is the Python program that starts MiniStack.
//
//go:embed ministack.py
var miniStackProgram string

// simulatorKey is the key that the simulator accepts. It is not a secret.
const simulatorKey = "simulator-key"

// JobSeconds is how long a simulated job takes by default.
const JobSeconds = 8

// PortTaken says that the requested port is in use.
type PortTaken struct {
	Port int
	Err  error
}

func (e *PortTaken) Error() string {
	return fmt.Sprintf("port %d is in use (%v); set TAKEUP_PORT to another port, or to none for a free one", e.Port, e.Err)
}

func (e *PortTaken) Unwrap() error { return e.Err }

// startSimulator starts cmd/simulator on a free port.
func (s *Stack) startSimulator(ctx context.Context, o Options) error {
	addressFile := filepath.Join(o.StateDir, "simulator.address")
	address, err := s.serve(ctx, o, simulatorName, addressFile, append([]string{
		"--key", simulatorKey, "--address", "127.0.0.1:0", "--address-file", addressFile, "--job-seconds", strconv.Itoa(JobSeconds),
	}, o.Simulator...)...)
	s.Simulator, s.SimulatorKey = "http://"+string(address), simulatorKey
	return err
}

// serve builds a command of the repository and starts it. It returns the content of the
// file that the command writes once it serves.
func (s *Stack) serve(ctx context.Context, o Options, name, file string, args ...string) ([]byte, error) {
	binary := filepath.Join(o.StateDir, "bin", name)
	err := command(ctx, s.reaper, "building cmd/"+name, o.Root, logFile(o.StateDir, "build-"+name),
		GoEnv(os.Environ()), "go", "build", "-o", binary, "./cmd/"+name)
	if err != nil {
		return nil, err
	}
	p, err := start(o.StateDir, name, baseEnv(os.Environ()), append([]string{binary}, args...)...)
	if err != nil {
		return nil, err
	}
	if err := s.reaper.add(p.pid); err != nil {
		return nil, err
	}
	var said []byte
	err = p.waitFor(ctx, func(context.Context) bool {
		said, err = os.ReadFile(file)
		return err == nil
	})
	return said, err
}

// startMiniStack starts MiniStack on loopback. Another program may take the free port before
// MiniStack listens on it, so it tries more than once.
func (s *Stack) startMiniStack(ctx context.Context, o Options) error {
	var errs []error
	for range 3 {
		port, err := FreePort()
		if err != nil {
			return err
		}
		if err = s.startMiniStackOn(ctx, o, port); err == nil || ctx.Err() != nil {
			return err
		}
		errs = append(errs, err)
		if err := stop(ctx, pidFile(o.StateDir, miniStackName)); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

func (s *Stack) startMiniStackOn(ctx context.Context, o Options, port int) error {
	binary, err := tool(o.Root, miniStackName)
	if err != nil {
		return err
	}
	tmp := filepath.Join(o.StateDir, "tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		return fmt.Errorf("starting MiniStack: %w", err)
	}
	s.AWS = "http://127.0.0.1:" + strconv.Itoa(port)
	env := slices.Concat(baseEnv(os.Environ()), awsEnv(s.AWS), s.s3Env(o.Env))
	env = append(env,
		"BIND_HOST=127.0.0.1", "GATEWAY_PORT="+strconv.Itoa(port), "SFN_WAIT_SCALE=1", "TMPDIR="+tmp,
		// Enforce IAM: each function has the rights of its own role.
		"AUTH=true",
		// Without these, it would open ports for services that are not used, and remove containers
		// that it takes for its own.
		"SFTP_ENABLED=0", "IOT_MTLS_ENABLED=0", "DOCKER_HOST=unix://"+filepath.Join(tmp, "no-docker"))
	python := filepath.Join(filepath.Dir(binary), "python")
	p, err := start(o.StateDir, miniStackName, append(env, o.Env...), python, "-c", miniStackProgram)
	if err != nil {
		return err
	}
	if err := s.reaper.add(p.pid); err != nil {
		return err
	}
	health := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return p.waitFor(ctx, func(ctx context.Context) bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.AWS+"/_ministack/health", nil)
		if err != nil {
			return false
		}
		response, err := health.Do(request)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		return err == nil && response.StatusCode == http.StatusOK
	})
}

// FreePort returns a port of 127.0.0.1 on which nothing listens at the moment.
func FreePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}

// free returns an error if nothing can listen on a port.
func free(port int) error {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return &PortTaken{Port: port, Err: err}
	}
	return listener.Close()
}
