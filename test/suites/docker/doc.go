// Package docker tests what needs a Docker engine: that each function runs in
// Lambda's container, by the one command and by SAM's own. An engine that runs is
// used; otherwise one is started for the test, as root, with Debian's packages
// docker.io, busybox-static and iproute2. `make test` says so where there is none,
// and leaves this package out.
package docker
