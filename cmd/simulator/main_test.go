package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testFlags() flags {
	return flags{Address: "127.0.0.1:0", Key: []string{"k"}, JobSeconds: 1, BalanceUSD: 1, IDForm: "bare", URLSeconds: 60}
}

func TestRunTellsItsAddressAndEndsWithTheContext(t *testing.T) {
	f := testFlags()
	f.AddressFile = filepath.Join(t.TempDir(), "address")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, f, in, slog.New(slog.DiscardHandler)) }()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var told struct{ Address, URL string }
	if err := json.Unmarshal(line, &told); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(f.AddressFile)
	if err != nil || string(file) != told.Address {
		t.Fatalf("the file says %q, %v; the line says %q", file, err, told.Address)
	}
	response, err := http.Get(told.URL + "/models/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("status %d", response.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatalf("run ended with %v", err)
	}
}

func TestRunRefuses(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for name, tc := range map[string]struct {
		edit func(*flags)
		want string
	}{
		"a taken port":  {func(f *flags) { f.Address = listener.Addr().String() }, "--address"},
		"a bad setting": {func(f *flags) { f.JobSeconds = -1 }, "job_seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			f := testFlags()
			tc.edit(&f)
			err := run(t.Context(), f, io.Discard, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}
