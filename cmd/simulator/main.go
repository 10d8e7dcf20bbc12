// Command simulator runs the simulator of the provider as a process.
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

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

type flags struct {
	Address     string
	AddressFile string
	Key         []string
	JobSeconds  float64
	JobSigma    float64
	BalanceUSD  float64
	IDForm      string
	VideoBytes  int64
	URLSeconds  float64
	BaseURL     string
	Seed        *uint64 // nil: random
}

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand(logger).ExecuteContext(ctx); err != nil {
		logger.Error("simulator ends", "error", err)
		stop()
		os.Exit(1)
	}
}

func newCommand(logger *slog.Logger) *cobra.Command {
	var f flags
	var seed uint64
	cmd := &cobra.Command{
		Use: "simulator", Short: "A simulator of the video provider, for tests and local runs",
		Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("seed") {
				f.Seed = &seed
			}
			return run(cmd.Context(), f, cmd.OutOrStdout(), logger)
		},
	}
	set := cmd.Flags()
	set.StringVar(&f.Address, "address", "127.0.0.1:0", "the address to listen on; port 0 is a free one")
	set.StringVar(&f.AddressFile, "address-file", "", "also write the address to this `file`, atomically")
	set.StringArrayVar(&f.Key, "key", nil, "a `key` that is accepted; can be repeated")
	set.Float64Var(&f.JobSeconds, "job-seconds", 78, "the median duration of a job")
	set.Float64Var(&f.JobSigma, "job-sigma", 0, "the sigma of its lognormal distribution; 0 is a fixed duration")
	set.Float64Var(&f.BalanceUSD, "balance-usd", 100, "the account's initial balance")
	set.StringVar(&f.IDForm, "id-form", script.IDBare, "the form of generation ids: "+script.IDBare+" or "+script.IDWithModel)
	set.Int64Var(&f.VideoBytes, "video-bytes", 0, "the size of the videos; 0 is the minimum")
	set.Float64Var(&f.URLSeconds, "url-seconds", 86400, "how long a video's URL is valid")
	set.StringVar(&f.BaseURL, "base-url", "", "the prefix of video URLs; by default the address of the request")
	set.Uint64Var(&seed, "seed", 0, "of the ids and times; random by default")
	// It fails only for an unknown flag.
	if err := cmd.MarkFlagRequired("key"); err != nil {
		panic("simulator: " + err.Error())
	}
	return cmd
}

// run serves until ctx is done. Once it serves, it writes one JSON line with the address.
func run(ctx context.Context, f flags, out io.Writer, logger *slog.Logger) error {
	settings := script.DefaultSettings()
	settings.Keys = f.Key
	settings.JobSeconds, settings.JobSigma = f.JobSeconds, f.JobSigma
	settings.BalanceUSD = &f.BalanceUSD
	settings.IDForm, settings.VideoBytes, settings.URLSeconds = f.IDForm, f.VideoBytes, f.URLSeconds
	seed := rand.Uint64()
	if f.Seed != nil {
		seed = *f.Seed
	}
	handler, err := sim.New(sim.Config{Settings: settings, Seed: seed, BaseURL: f.BaseURL, Logger: logger})
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", f.Address)
	if err != nil {
		return fmt.Errorf("%w: give another --address, or stop what listens there", err)
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
	// Calls that an injected fault holds back are cut off: the test is about their callers.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return server.Close()
	}
	return nil
}

// announce writes the address as a line and, if a file is named, to that file.
func announce(out io.Writer, address, file string) error {
	line, err := json.Marshal(map[string]string{"address": address, "url": "http://" + address})
	if err != nil {
		return err
	}
	if file != "" {
		// A reader that waits for the file must not see a partial one.
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
