package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/takeup/takeup/internal/dev/invoke"
	"github.com/takeup/takeup/internal/dev/stack"
)

// waitLimit bounds each wait. It is far more than any should take.
const waitLimit = 10 * time.Minute

// engine returns the address of a Docker engine, and starts one for the test if none runs.
func engine(t *testing.T) string {
	t.Helper()
	if e, err := invoke.FindEngine(t.Context(), os.Getenv("DOCKER_HOST")); err == nil {
		return e.Address
	} else if os.Getuid() != 0 {
		t.Fatal(err)
	}
	// The path of a Unix socket must be short.
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "dockerd.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command("bash", "-c", keeper, "keeper", dir, fmt.Sprintf("tkp%d", os.Getpid()), address(t))
	cmd.Stdout, cmd.Stderr = log, log
	// Ctrl-C in a terminal must end the tests first and the keeper only after them.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	alive, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		if err := errors.Join(alive.Close(), <-ended); err != nil && !t.Failed() {
			said, _ := os.ReadFile(log.Name())
			t.Errorf("ending the Docker engine: %v\n%s", err, said)
		}
	})
	socket := filepath.Join(dir, "sock")
	host := "unix://" + socket
	await(t, "the Docker engine", func() bool {
		select {
		case err := <-ended:
			ended <- err
			said, _ := os.ReadFile(log.Name())
			t.Fatalf("dockerd ended: %v\n%s", err, said)
		default:
		}
		_, err := invoke.FindEngine(t.Context(), host)
		return err == nil
	})
	importBase(t, socket)
	return host
}

// keeper runs dockerd with a bridge of its own until standard input is closed, which happens
// when the test ends, however it ends. It then removes everything. dockerd leaves the host's
// firewall and routes alone, since the functions need no network. Without a bridge it would have
// no network for its containers.
const keeper = `
set -u
dir=$1 bridge=$2 address=$3
exec 3<&0 </dev/null
trap '' HUP INT TERM
trap 'ip link delete "$bridge" && rm -rf "$dir"' EXIT
ip link add name "$bridge" type bridge && ip address add "$address" dev "$bridge" && ip link set "$bridge" up || exit
(trap - TERM; exec dockerd --host="unix://$dir/sock" --bridge="$bridge" \
  --data-root="$dir/data" --exec-root="$dir/exec" --pidfile="$dir/pid" \
  --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false 3<&-) &
dockerd=$!
(cat <&3 >/dev/null; kill "$dockerd") &
wait "$dockerd"
`

// address returns an address in a private network that no interface uses.
func address(t *testing.T) string {
	t.Helper()
	taken, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for third := range 256 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 29, byte(third), 1}), 24)
		if !slices.ContainsFunc(taken, func(a net.Addr) bool {
			other, err := netip.ParsePrefix(a.String())
			return err == nil && other.Overlaps(p.Masked())
		}) {
			return p.String()
		}
	}
	t.Fatal("every network in 172.29.0.0/16 is in use")
	return ""
}

// importBase gives the engine a base image in place of AWS's, which comes from a registry: it is
// busybox under that name. SAM adds Lambda's runtime emulator to it.
func importBase(t *testing.T, socket string) {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	var image bytes.Buffer
	w := tar.NewWriter(&image)
	headers := []tar.Header{
		{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777}, {Name: "var/task/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "bin/busybox", Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(program))},
	}
	for _, name := range []string{"sh", "mv", "cp", "chmod"} {
		headers = append(headers, tar.Header{Name: "bin/" + name, Typeflag: tar.TypeSymlink, Linkname: "busybox"})
	}
	for _, header := range headers {
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := w.Write(program); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	repository, tag, _ := strings.Cut(invoke.Image(stack.Architecture()), ":")
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"http://docker/images/create?fromSrc=-&platform=linux/"+runtime.GOARCH+"&repo="+repository+"&tag="+tag, &image)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || strings.Contains(string(said), `"error"`) {
		t.Fatalf("importing the base image: %d, %v: %s", response.StatusCode, err, said)
	}
}

// await polls done until it returns true.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("timed out waiting for %s", what)
		case <-tick.C:
		}
	}
}
