package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// A request is forwarded once its body is complete, and not if the body broke off.
func TestWhole(t *testing.T) {
	dir, passed := t.TempDir(), make(chan string, 1)
	server := httptest.NewServer(whole(dir, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		passed <- r.Method + " " + string(body)
		w.WriteHeader(http.StatusNoContent)
	})))
	server.Config.ErrorLog = silent()
	t.Cleanup(server.Close)
	for body, length := range map[string]int{"": 0, "all of it": 9, "a part": 10} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(conn, "PUT / HTTP/1.1\r\nHost: s3\r\nContent-Length: %d\r\n\r\n%s", length, body); err != nil {
			t.Fatal(err)
		}
		if tcp, ok := conn.(*net.TCPConn); !ok || tcp.CloseWrite() != nil {
			t.Fatal("it can't be cut")
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		switch {
		case len(body) < length && err == nil:
			t.Errorf("%q is answered: %s", body, response.Status)
		case len(body) == length && (err != nil || response.StatusCode != http.StatusNoContent):
			t.Errorf("%q: %v", body, err)
		case len(body) == length:
			if got := <-passed; got != "PUT "+body {
				t.Errorf("passed on: %q", got)
			}
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(passed) > 0 {
		t.Errorf("passed on: %q", <-passed)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	if _, err := spool(dir+"/absent", strings.NewReader("")); err == nil {
		t.Error("there is no folder, and no error")
	}
}
