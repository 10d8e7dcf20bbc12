// Command simulator runs the provider's stand-in as a process.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/takeup/takeup/internal/simulator"
)

type flags struct {
	Address     string   `help:"Where to listen. Port 0 takes a free one." default:"127.0.0.1:0"`
	AddressFile string   `help:"Also write the address to this file, whole or not at all." type:"path"`
	Key         []string `help:"A key that is let in. Can be given more than once." required:""`
	JobSeconds  float64  `help:"The median of a job's time." default:"78"`
	JobSigma    float64  `help:"The sigma of its lognormal spread; 0 makes it fixed." default:"0"`
	BalanceUSD  float64  `help:"What the account begins with." name:"balance-usd" default:"100"`
	IDForm      string   `help:"The form of generation ids: ${enum}." name:"id-form" enum:"bare,model" default:"bare"`
	VideoBytes  int64    `help:"The size of the videos; 0 is as small as they get." default:"0"`
	URLSeconds  float64  `help:"How long a video's URL is good." name:"url-seconds" default:"86400"`
	BaseURL     string   `help:"What video URLs begin with; by default the address that was asked." name:"base-url"`
	Seed        *uint64  `help:"Determines ids and times; by default each run has its own."`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Description("A stand-in for the video provider, for tests and local runs."))
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, f, os.Stdout, logger); err != nil {
		logger.Error("simulator ends", "error", err)
		stop()
		os.Exit(1)
	}
}

// run serves until ctx is done. It writes one JSON line with the address once calls are answered.
func run(ctx context.Context, f flags, out io.Writer, logger *slog.Logger) error {
	settings := simulator.DefaultSettings()
	settings.Keys = f.Key
	settings.JobSeconds, settings.JobSigma = f.JobSeconds, f.JobSigma
	settings.BalanceUSD = &f.BalanceUSD
	settings.IDForm, settings.VideoBytes, settings.URLSeconds = f.IDForm, f.VideoBytes, f.URLSeconds
	seed := rand.Uint64()
	if f.Seed != nil {
		seed = *f.Seed
	}
	handler, err := simulator.New(simulator.Config{Settings: settings, Seed: seed, BaseURL: f.BaseURL, Logger: logger})
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", f.Address)
	if err != nil {
		return fmt.Errorf("%w: give another --address, or end what listens there", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	if err := announce(out, listener.Addr().String(), f.AddressFile); err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	// Calls that are held back by a fault are cut off: their callers are what the test is about.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}

// announce tells the address in a line, and in the file if one is named.
func announce(out io.Writer, address, file string) error {
	line, err := json.Marshal(map[string]string{"address": address, "url": "http://" + address})
	if err != nil {
		return err
	}
	if file != "" {
		// A reader that waits for the file must not see it half written.
		if err := os.WriteFile(file+".part", []byte(address), 0o644); err != nil {
			return err
		}
		if err := os.Rename(file+".part", file); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(out, string(line))
	return err
}
