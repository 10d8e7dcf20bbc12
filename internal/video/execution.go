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

// RedriveOf reads ExecutionName backwards. The number is 0, and id the whole name,
// for a name that is no redrive's. One that is may be a job's own id all the same:
// only the execution's input tells.
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
