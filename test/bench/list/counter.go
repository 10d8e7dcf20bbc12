package list

import (
	"maps"
	"net/http"
	"strings"
	"sync"

	"github.com/takeup/takeup/test/harness/forward"
)

// counter counts the calls of one function to AWS, which the SDK names in the User-Agent.
type counter struct {
	*forward.Proxy

	mu       sync.Mutex
	function string
	calls    map[string]int // by operation
}

func newCounter() (*counter, error) {
	c := &counter{calls: map[string]int{}}
	var err error
	c.Proxy, err = forward.New(func(r *http.Request) error { c.count(r); return nil })
	return c, err
}

// sendTo sets where calls go, and whose are counted, by AWS's name of the function. It must be
// called before the first call.
func (c *counter) sendTo(address, function string) error {
	c.mu.Lock()
	c.function = function
	c.mu.Unlock()
	return c.SendTo(address)
}

func (c *counter) count(r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.function != "" && strings.Contains(r.UserAgent(), "app/"+c.function) {
		c.calls[operation(r)]++
	}
}

// operation names a call.
func operation(r *http.Request) string {
	if name, ok := forward.Operation(r); ok {
		return name
	}
	return r.Method + " of S3"
}

// take returns the calls since the last take.
func (c *counter) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := maps.Clone(c.calls)
	clear(c.calls)
	return taken
}

func sum(calls map[string]int) int {
	n := 0
	for _, count := range calls {
		n += count
	}
	return n
}
