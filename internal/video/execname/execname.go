// Package execname names the executions of a job. It is a package of its own because a name is an id
// and a number, and knows nothing of what a job is.
package execname

import (
	"strconv"
	"strings"
)

// Of returns the name of a job's n-th redrive, <id>-r<n>, or <id> for n = 0, the
// job's own execution.
func Of(id string, n int) string {
	if n == 0 {
		return id
	}
	return id + "-r" + strconv.Itoa(n)
}

// maxRedrives is the largest number that RedriveOf accepts.
const maxRedrives = 1_000_000

// RedriveOf reverses Of. For a name that is no redrive's, n is 0 and id is the
// whole name. A name that looks like a redrive's can still be the id of another job; only
// the input of the execution says which it is.
func RedriveOf(name string) (id string, n int) {
	i := strings.LastIndex(name, "-r")
	if i < 1 {
		return name, 0
	}
	n, err := strconv.Atoi(name[i+len("-r"):])
	if err != nil || n < 1 || n > maxRedrives || Of(name[:i], n) != name {
		return name, 0
	}
	return name[:i], n
}
