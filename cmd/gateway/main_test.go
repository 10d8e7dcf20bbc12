package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRunTellsItsAddressesAndEndsWithTheContext(t *testing.T) {
	dir := t.TempDir()
	f := flags{API: "127.0.0.1:0", S3: "127.0.0.1:0", Config: filepath.Join(dir, "config"), AddressFile: filepath.Join(dir, "addresses")}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, f, slog.New(slog.DiscardHandler)) }()
	var data []byte
	for err := os.ErrNotExist; err != nil; data, err = os.ReadFile(f.AddressFile) {
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	var addresses struct{ API, S3 string }
	if err := json.Unmarshal(data, &addresses); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{addresses.API, addresses.S3} {
		response, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d, and nothing is deployed", address, response.StatusCode)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestRunRefuses(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	taken, free := listener.Addr().String(), "127.0.0.1:0"
	for _, test := range []struct {
		f    flags
		want string
	}{
		{flags{API: taken, S3: free}, "give another --api"},
		{flags{API: free, S3: taken}, "give another --s3"},
		{flags{API: free, S3: free}, "give an --address-file"},
	} {
		if err := run(t.Context(), test.f, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want %q", test.f, err, test.want)
		}
	}
}
