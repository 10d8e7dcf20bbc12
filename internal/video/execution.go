package video

import (
	"strconv"
	"strings"
)

// ExecutionName is the name of a job's n-th redrive: <id>-r<n>. The job's own
// execution, for n = 0, is named <id>.
func ExecutionName(id string, n int) string {
	if n == 0 {
		return id
	}
	return id + "-r" + strconv.Itoa(n)
}

// maxRedrives bounds the numbers that RedriveOf reads.
const maxRedrives = 1_000_000

// RedriveOf reverses ExecutionName. For a name that is no redrive's, the number is 0 and id
// is the whole name. A name that looks like a redrive's can still be the id of another job;
// only the input of the execution says which it is.
func RedriveOf(name string) (id string, n int) {
	i := strings.LastIndex(name, "-r")
	if i < 1 {
		return name, 0
	}
	n, err := strconv.Atoi(name[i+len("-r"):])
	if err != nil || n < 1 || n > maxRedrives || ExecutionName(name[:i], n) != name {
		return name, 0
	}
	return name[:i], n
}
