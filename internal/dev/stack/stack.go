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

// Stack is a running local stack. Its fields are stored in stack.json in its state
// directory, readable only by its owner.
type Stack struct {
	// AWS is MiniStack's address, for every service.
	AWS string `json:"aws"`
	// API is the base URL of Takeup's API, through the gateway, and Token its bearer token.
	API   string `json:"api"`
	Token string `json:"token"`
	// Simulator is the simulator's address, and SimulatorKey the key that it accepts. Both are
	// empty if the options named a provider.
	Simulator    string `json:"simulator,omitempty"`
	SimulatorKey string `json:"simulator_key,omitempty"`
	// S3URL is MiniStack's S3 through the gateway. The URLs that the functions sign
	// point there.
	S3URL string `json:"s3"`
	// Outputs are the template's.
	Outputs map[string]string `json:"outputs"`

	dir    string
	reaper *reaper
	unlock func()
}

// The processes of a stack, by the names of their files. The last is stopped first.
const (
	simulatorName = "simulator"
	gatewayName   = "gateway"
	miniStackName = "ministack"
)

// AlreadyRunning says that the state directory has a running stack.
type AlreadyRunning struct{ Dir string }

func (e *AlreadyRunning) Error() string {
	return "a stack is already running in " + e.Dir + "; `make down` stops it"
}

// Busy says that another process is starting, stopping or using a stack in the
// same state directory.
type Busy struct{ Dir string }

func (e *Busy) Error() string {
	return "another run is using " + e.Dir + "; wait until it has ended, or stop it with Ctrl-C"
}

// NotRunning says that there is no stack in the state directory.
type NotRunning struct{ Dir string }

func (e *NotRunning) Error() string {
	return "no stack is running in " + e.Dir + "; `make up` starts one"
}

// Start starts a stack and returns once its API answers. If it fails, it stops what it started.
// The caller stops the stack with Stop. A detached stack can be left running, to be found with
// Open and stopped with Down later.
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
	// First stop what a killed run left running.
	if err := stopAll(ctx, o.StateDir); err != nil {
		return nil, err
	}
	if s.reaper, err = startReaper(); err != nil {
		return nil, err
	}
	if err := s.launch(ctx, o); err != nil {
		return nil, err
	}
	if err := s.save(); err != nil {
		return nil, err
	}
	if o.Detach {
		s.reaper.release()
		s.unlock()
		s.reaper, s.unlock = nil, nil
	}
	return s, nil
}

// launch builds, starts and deploys, in that order, so that a failed build starts nothing.
func (s *Stack) launch(ctx context.Context, o Options) error {
	stages := stages{out: o.Output, now: o.Now}
	unlock, err := lockFile(ctx, o.BuildDir+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	err = stages.run("building the functions", func() (string, error) {
		built, err := build(ctx, s.reaper, o.Root, o.BuildDir, Architecture())
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
		err := stages.run("starting the provider's simulator", func() (string, error) { return "", s.startSimulator(ctx, o) })
		if err != nil {
			return err
		}
		provider = Provider{BaseURL: s.Simulator, Key: s.SimulatorKey}
	}
	err = stages.run("starting the gateway", func() (string, error) { return "", s.startGateway(ctx, o) })
	if err != nil {
		return err
	}
	err = stages.run("starting MiniStack instead of AWS", func() (string, error) { return "", s.startMiniStack(ctx, o) })
	if err != nil {
		return err
	}
	return stages.run("deploying template.yaml with sam deploy", func() (string, error) {
		parameters := o.parameters(provider)
		if err := deploy(ctx, s.reaper, o, s.AWS, parameters); err != nil {
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

// Config returns the AWS SDK's configuration for the stack. S3 clients also need path-style
// addresses: see S3.
func (s *Stack) Config() aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(s.AWS),
		Credentials:  credentials.NewStaticCredentialsProvider(accessKey, accessKey, ""),
		// On a busy machine, Go's HTTP client may close a connection in the middle of a response,
		// several times in a row.
		// https://github.com/aws/aws-sdk-go-v2/issues/2737
		RetryMaxAttempts: 10,
	}
}

// S3 returns a client of the stack's S3.
func (s *Stack) S3() *s3.Client {
	return s3.NewFromConfig(s.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

// Logs returns the directory of the logs. They are kept until the next stack starts.
func (s *Stack) Logs() string { return filepath.Join(s.dir, "logs") }

// Stop stops the stack. It returns when none of its processes is running, even if ctx has ended.
// It can be called again.
func (s *Stack) Stop(ctx context.Context) error {
	err := stopAll(ctx, s.dir)
	if s.reaper != nil {
		s.reaper.release()
		s.reaper = nil
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

// Down stops whatever is running in a state directory.
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

// own creates a state directory and locks it for this process.
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

// stopAll stops the processes of a state directory and removes their files.
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

// save writes stack.json atomically.
func (s *Stack) save() error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the stack's addresses: %w", err)
	}
	return writeWhole(filepath.Join(s.dir, "stack.json"), append(data, '\n'))
}

// writeWhole writes a file of the state directory atomically.
func writeWhole(path string, data []byte) error {
	if err := os.WriteFile(path+".part", data, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
