package relay

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// port returns the port of a server.
func port(t *testing.T, s *httptest.Server) int {
	t.Helper()
	return s.Listener.Addr().(*net.TCPAddr).Port
}

// TestRelay runs both sides on one machine. The container's side listens on another port than
// the host's, by a second name of the socket.
func TestRelay(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %d", r.Host, len(body))
	}))
	defer server.Close()
	spare, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inside := spare.Addr().(*net.TCPAddr).Port
	if err := spare.Close(); err != nil {
		t.Fatal(err)
	}
	host, container := t.TempDir(), t.TempDir()
	// A socket that a killed process left doesn't matter.
	socket := filepath.Join(host, strconv.Itoa(port(t, server))+extension)
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	outer, err := Host(host, []int{port(t, server)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(socket, filepath.Join(container, strconv.Itoa(inside)+extension)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(container, "bootstrap"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	inner, err := Container(container)
	if err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + strconv.Itoa(inside)
	post := func() (string, error) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, strings.NewReader(strings.Repeat("x", 1<<20)))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		return string(text), err
	}
	if got, err := post(); err != nil || got != address+" 1048576" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := Container(container); err == nil || !strings.Contains(err.Error(), "in use in the container") {
		t.Errorf("a port that is taken: %v", err)
	}
	// Nothing listens behind it.
	server.Close()
	http.DefaultClient.CloseIdleConnections()
	if got, err := post(); err == nil {
		t.Errorf("without a server it answers %q", got)
	}
	for _, r := range []*Relay{inner, outer} {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Lstat(socket); err == nil {
		t.Error("the socket is left")
	}
}

func TestHostRefuses(t *testing.T) {
	if r, err := Host(filepath.Join(t.TempDir(), "none"), []int{1}); err == nil {
		t.Errorf("got %v", r.Close())
	}
}
