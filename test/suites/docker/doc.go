// Package docker tests what needs a Docker engine: each function runs in Lambda's container, by
// Takeup's one command and by SAM's own. A running engine is used if there is one. Otherwise the
// test starts one, as root, with Debian's packages docker.io, busybox-static and iproute2. If
// neither is possible, `make test-long` says so and leaves this package out.
package docker
