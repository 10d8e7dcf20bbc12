// Command gateway serves a local stack's API and S3 as AWS does. See internal/dev/gateway.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/dev/gateway"
)

type flags struct {
	API, S3     string
	Config      string
	AddressFile string
}

func main() {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand(logger).ExecuteContext(ctx); err != nil {
		logger.Error("gateway ends", "error", err)
		stop()
		os.Exit(1)
	}
}

func newCommand(logger *slog.Logger) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use: "gateway", Short: "Serves a local stack's API and S3 as AWS does",
		Args: cobra.NoArgs, SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f, logger) },
	}
	set := cmd.Flags()
	set.StringVar(&f.API, "api", "127.0.0.1:0", "where to serve the API; port 0 takes a free one")
	set.StringVar(&f.S3, "s3", "127.0.0.1:0", "where to serve S3; port 0 takes a free one")
	set.StringVar(&f.Config, "config", "", "the `file` that says what is served; it may come later")
	set.StringVar(&f.AddressFile, "address-file", "", "write both addresses to this `file`, whole or not at all")
	return cmd
}

// run serves until ctx is done.
func run(ctx context.Context, f flags, logger *slog.Logger) error {
	api, s3 := gateway.Later(f.Config, time.Now)
	addresses, served := map[string]string{}, make(chan error, 2)
	for _, s := range []struct {
		name, address string
		handler       http.Handler
	}{
		{"api", f.API, api}, {"s3", f.S3, s3},
	} {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.address)
		if err != nil {
			return fmt.Errorf("%w: give another --%s, or end what listens there", err, s.name)
		}
		server := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second,
			ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn)}
		defer server.Close() // pending callers belong to a stack that is shutting down
		addresses[s.name] = "http://" + listener.Addr().String()
		go func() { served <- server.Serve(listener) }()
	}
	if err := announce(addresses, f.AddressFile); err != nil {
		return err
	}
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		return nil
	}
}

// announce writes the addresses to a file, atomically: a reader that waits for the file
// never sees a partial one.
func announce(addresses map[string]string, file string) error {
	if file == "" {
		return errors.New("give an --address-file, by which the addresses are found")
	}
	data, err := json.Marshal(addresses)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".part", data, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".part", file)
}
