package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/gofrs/flock"
)

// Stack is a running local stack. Its fields are what is kept in stack.json in
// its state directory, readable by its owner only.
type Stack struct {
	// AWS is MiniStack's address, for every service.
	AWS string `json:"aws"`
	// API is the base URL of Takeup's API, by way of the gateway, and Token its
	// bearer token.
	API   string `json:"api"`
	Token string `json:"token"`
	// Simulator is the address of the stand-in, and SimulatorKey the key that it
	// takes; both are empty where the options named a provider.
	Simulator    string `json:"simulator,omitempty"`
	SimulatorKey string `json:"simulator_key,omitempty"`
	// S3URL is MiniStack's S3 by way of the gateway. The URLs that the functions
	// sign lead there.
	S3URL string `json:"s3"`
	// Outputs are the template's.
	Outputs map[string]string `json:"outputs"`

	dir    string
	guard  *guard
	unlock func()
}

// The processes of a stack, by the names of their files. The last is stopped
// first.
const (
	simulatorName = "simulator"
	gatewayName   = "gateway"
	miniStackName = "ministack"
)

// AlreadyRunning says that the state directory has a running stack.
type AlreadyRunning struct{ Dir string }

func (e *AlreadyRunning) Error() string {
	return "a stack is already running in " + e.Dir + "; `make down` ends it"
}

// Busy says that another process is starting, stopping or using a stack in the
// same state directory.
type Busy struct{ Dir string }

func (e *Busy) Error() string {
	return "another run is using " + e.Dir + "; wait until it has ended, or end it with Ctrl-C where it runs"
}

// NotRunning says that there is no stack in the state directory.
type NotRunning struct{ Dir string }

func (e *NotRunning) Error() string {
	return "no stack is running in " + e.Dir + "; `make up` starts one"
}

// Start starts a stack and returns when its API answers. What it started is
// ended again when it fails. The caller stops it with Stop; one with Detach can
// also be left, to be found by Open and ended by Down.
func Start(ctx context.Context, options Options) (_ *Stack, err error) {
	o, err := options.filled()
	if err != nil {
		return nil, err
	}
	if err := checkHost(o.Root); err != nil {
		return nil, err
	}
	unlock, err := own(o.StateDir)
	if err != nil {
		return nil, err
	}
	s := &Stack{dir: o.StateDir, unlock: unlock}
	if _, err := Open(o.StateDir); err == nil {
		unlock()
		return nil, &AlreadyRunning{Dir: o.StateDir}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop(ctx))
		}
	}()
	// What a killed run left behind goes first.
	if err := stopAll(ctx, o.StateDir); err != nil {
		return nil, err
	}
	if s.guard, err = startGuard(); err != nil {
		return nil, err
	}
	if err := s.launch(ctx, o); err != nil {
		return nil, err
	}
	if err := s.save(); err != nil {
		return nil, err
	}
	if o.Detach {
		s.guard.release()
		s.unlock()
		s.guard, s.unlock = nil, nil
	}
	return s, nil
}

// launch builds, starts and deploys, in that order: what can't be built starts
// nothing.
func (s *Stack) launch(ctx context.Context, o Options) error {
	stages := stages{out: o.Output, now: o.Now}
	unlock, err := lockFile(ctx, o.BuildDir+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	err = stages.run("building the functions", func() (string, error) {
		built, err := build(ctx, s.guard, o.Root, o.BuildDir, Architecture())
		if err != nil || built {
			return "", err
		}
		return "unchanged, ", nil
	})
	if err != nil {
		return err
	}
	provider := Provider{}
	if o.Provider != nil {
		provider = *o.Provider
	} else {
		err := stages.run("starting the provider's stand-in", func() (string, error) { return "", s.startSimulator(ctx, o) })
		if err != nil {
			return err
		}
		provider = Provider{BaseURL: s.Simulator, Key: s.SimulatorKey}
	}
	err = stages.run("starting the gateway", func() (string, error) { return "", s.startGateway(ctx, o) })
	if err != nil {
		return err
	}
	err = stages.run("starting MiniStack, in the place of AWS", func() (string, error) { return "", s.startMiniStack(ctx, o) })
	if err != nil {
		return err
	}
	return stages.run("deploying template.yaml with sam deploy", func() (string, error) {
		parameters := o.parameters(provider)
		if err := deploy(ctx, s.guard, o, s.AWS, parameters); err != nil {
			return "", err
		}
		if s.Outputs, err = outputs(ctx, s.Config()); err != nil {
			return "", err
		}
		if err := s.configureGateway(o, parameters); err != nil {
			return "", err
		}
		s.Token, err = token(ctx, s.Config(), s.Outputs["ApiTokenSecret"])
		return "", err
	})
}

// Config gives the AWS SDK's configuration for the stack's AWS. S3 clients need
// path-style addresses there: see S3.
func (s *Stack) Config() aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(s.AWS),
		Credentials:  credentials.NewStaticCredentialsProvider(accessKey, accessKey, ""),
		// On a busy machine Go's HTTP client may close a connection in the middle of an
		// answer, several times in a row. https://github.com/aws/aws-sdk-go-v2/issues/2737
		RetryMaxAttempts: 10,
	}
}

// S3 gives a client of the stack's S3.
func (s *Stack) S3() *s3.Client {
	return s3.NewFromConfig(s.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

// Logs is the directory of the logs; they stay when the stack is stopped, until
// the next one starts.
func (s *Stack) Logs() string { return filepath.Join(s.dir, "logs") }

// Stop ends the stack, and returns when none of its processes is left, also
// where ctx is over already. It can be called again.
func (s *Stack) Stop(ctx context.Context) error {
	err := stopAll(ctx, s.dir)
	if s.guard != nil {
		s.guard.release()
		s.guard = nil
	}
	if s.unlock != nil {
		s.unlock()
		s.unlock = nil
	}
	return err
}

// Open finds the stack that runs in a state directory.
func Open(dir string) (*Stack, error) {
	data, err := os.ReadFile(filepath.Join(dir, "stack.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, &NotRunning{Dir: dir}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the stack's addresses: %w", err)
	}
	s := &Stack{dir: dir}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("reading the stack's addresses: %w; `make down` clears them", err)
	}
	names := []string{miniStackName, gatewayName}
	if s.Simulator != "" {
		names = append(names, simulatorName)
	}
	for _, name := range names {
		if _, ok := running(pidFile(dir, name)); !ok {
			return nil, &NotRunning{Dir: dir}
		}
	}
	return s, nil
}

// Down ends what runs in a state directory. There may be nothing.
func Down(ctx context.Context, dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	unlock, err := own(dir)
	if err != nil {
		return err
	}
	defer unlock()
	return stopAll(ctx, dir)
}

// own takes a state directory for this process, and makes it.
func own(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o700); err != nil {
		return nil, fmt.Errorf("making the state directory: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("locking the state directory: %w", err)
	case !locked:
		return nil, &Busy{Dir: dir}
	}
	return func() { _ = lock.Close() }, nil
}

// stopAll ends the processes of a state directory and removes what only they
// needed.
func stopAll(ctx context.Context, dir string) error {
	var errs []error
	for _, name := range []string{miniStackName, gatewayName, simulatorName} {
		errs = append(errs, stop(ctx, pidFile(dir, name)))
	}
	for _, name := range []string{"stack.json", "parameters.yaml", "simulator.address", gatewayConfig, gatewayAddresses, "tmp"} {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
	}
	return errors.Join(errs...)
}

// save writes stack.json, whole or not at all.
func (s *Stack) save() error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the stack's addresses: %w", err)
	}
	return writeWhole(filepath.Join(s.dir, "stack.json"), append(data, '\n'))
}

// writeWhole writes a file of the state directory, whole or not at all.
func writeWhole(path string, data []byte) error {
	if err := os.WriteFile(path+".part", data, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
