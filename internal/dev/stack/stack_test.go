package stack

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOpenFindsARunningStackOnly(t *testing.T) {
	dir := stateDir(t)
	var none *NotRunning
	if _, err := Open(dir); !errors.As(err, &none) {
		t.Errorf("an empty directory gives %v", err)
	}
	s := &Stack{AWS: "http://127.0.0.1:1", API: "http://127.0.0.1:1/x", Token: "t", Outputs: map[string]string{"A": "b"}, dir: dir}
	if err := s.save(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "stack.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("stack.json: %v, %v", info.Mode(), err)
	}
	if _, err := Open(dir); !errors.As(err, &none) {
		t.Errorf("a stack without processes gives %v", err)
	}
	var started []*process
	for _, name := range []string{gatewayName, miniStackName} {
		if _, err := Open(dir); !errors.As(err, &none) {
			t.Errorf("half a stack gives %v", err)
		}
		p, err := start(dir, name, os.Environ(), sleeper...)
		if err != nil {
			t.Fatal(err)
		}
		started = append(started, p)
		defer func() {
			if err := stop(t.Context(), p.file); err != nil {
				t.Error(err)
			}
		}()
	}
	got, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(s)
	if have, _ := json.Marshal(got); string(have) != string(want) {
		t.Errorf("got %s, want %s", have, want)
	}
	if err := Down(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.As(err, &none) || slices.ContainsFunc(started, func(p *process) bool { return groupRuns(p.pid) }) {
		t.Errorf("after Down, Open gives %v, or one still runs", err)
	}
	if err := Down(t.Context(), dir); err != nil {
		t.Errorf("a second Down gives %v", err)
	}
	if err := Down(t.Context(), filepath.Join(dir, "none")); err != nil {
		t.Errorf("Down where nothing ever was gives %v", err)
	}
}

func TestOneAtATimeInAStateDirectory(t *testing.T) {
	dir := stateDir(t)
	unlock, err := own(dir)
	if err != nil {
		t.Fatal(err)
	}
	var busy *Busy
	if _, err := own(dir); !errors.As(err, &busy) {
		t.Errorf("a second owner gets %v", err)
	}
	if err := Down(t.Context(), dir); !errors.As(err, &busy) {
		t.Errorf("Down in use gives %v", err)
	}
	unlock()
	if unlock, err = own(dir); err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestUsedPortIsNamed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	var taken *PortTaken
	if err := free(port); !errors.As(err, &taken) || !strings.Contains(err.Error(), "TAKEUP_PORT") {
		t.Errorf("a used port gives %v", err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := free(port); err != nil {
		t.Errorf("a free port gives %v", err)
	}
}

func TestStages(t *testing.T) {
	var out strings.Builder
	clock := time.Unix(0, 0)
	s := stages{out: &out, now: func() time.Time { clock = clock.Add(1500 * time.Millisecond); return clock }}
	broken := errors.New("broken")
	for _, step := range []struct {
		name, note string
		err        error
	}{{"one", "", nil}, {"two", "unchanged, ", nil}, {"three", "", broken}} {
		if err := s.run(step.name, func() (string, error) { return step.note, step.err }); !errors.Is(err, step.err) {
			t.Errorf("%s gives %v", step.name, err)
		}
	}
	if want := "one ... 1.5 s\ntwo ... unchanged, 1.5 s\nthree ... failed\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
