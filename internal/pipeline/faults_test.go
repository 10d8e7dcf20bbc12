package pipeline_test

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// fault is a fault of a call, or another thing that can happen during it.
type fault string

const (
	crashBefore fault = "crash before"  // the invocation ends before the call takes effect
	crashAfter  fault = "crash after"   // the invocation ends after the call takes effect
	failBefore  fault = "fail before"   // an error, and no effect
	failAfter   fault = "fail after"    // an error, although the call took effect
	twice       fault = "tried twice"   // a conditional write whose answer was lost, and which the SDK retried
	conflict    fault = "conflict"      // another write was in progress
	late        fault = "late"          // an error, and the effect only after the next call
	underWay    fault = "under way"     // the first try of a transaction is still in progress, and takes effect
	marked      fault = "marked before" // whoever started the execution records that just before
	hold        fault = "hold before"   // the invocation waits here while another one runs
	holdAfter   fault = "hold after"    // the same, after the effect
	busy        fault = "429"           // from here on, answers of the provider
	invalid     fault = "400"
	badKey      fault = "401"
	noCredits   fault = "403"
	noRoute     fault = "connection refused"
	noneShown   fault = "none shown" // the provider's records lack the submission this time
)

// crashed ends an invocation, as a crash or the function's timeout does.
type crashed struct{}

// outage is the error of a call that the plan fails.
func outage() error { return errors.New("the plan made it fail") }

// moments counts the calls of an invocation, and knows their faults.
type moments struct {
	trace []string      // kinds of the calls, in order
	plan  map[int]fault // by a call's place in the trace
	held  func()        // runs another invocation while this one is held
	late  func()        // the effect of an earlier call that is still to come
}

// comes returns the fault of the next call.
func (m *moments) comes() fault { return m.plan[len(m.trace)] }

func (m *moments) next(kind string) fault {
	m.trace = append(m.trace, kind)
	return m.plan[len(m.trace)-1]
}

// do makes a call: it applies its effect and the planned fault. It returns the fault, from which
// a caller may make an error of its own.
func (m *moments) do(kind string, effect func()) fault {
	f := m.next(kind)
	if lands := m.late; lands != nil {
		m.late = nil
		defer lands()
	}
	switch f {
	case late:
		m.late = effect
	case crashBefore:
		panic(crashed{})
	case crashAfter:
		effect()
		panic(crashed{})
	case hold:
		m.held()
		effect()
		return ""
	case holdAfter:
		effect()
		m.held()
		return ""
	case failAfter, marked, "":
		effect()
	}
	return f
}

// kindOfPut names the kind of item that is written.
func kindOfPut(item map[string]types.AttributeValue) string {
	begins := func(name, with string) bool {
		return strings.HasPrefix(item[name].(*types.AttributeValueMemberS).Value, with)
	}
	switch {
	case begins("sk", "progress#"):
		return "put progress"
	case begins("pk", "job#"):
		return "put job"
	}
	return "put times"
}

// mayLose reports whether a plan has a fault that can keep a claimed job from being posted, or
// its answer from being read.
func mayLose(plan map[int]fault) bool {
	for _, f := range plan {
		switch f {
		case crashBefore, crashAfter, failBefore, failAfter, conflict, late:
			return true
		}
	}
	return false
}

// faultsOf lists the faults of a kind of call.
func faultsOf(kind string) []fault {
	faults := []fault{crashBefore, crashAfter, failBefore}
	switch {
	case strings.HasPrefix(kind, "put "):
		faults = append(faults, failAfter, twice, conflict)
		switch {
		case strings.HasSuffix(kind, "job"):
			faults = append(faults, late, marked)
		case kind == "put progress":
			faults = append(faults, late)
		}
		if kind == "put new job" || kind == "put money job" {
			faults = append(faults, underWay)
		}
	case kind == "submit":
		faults = append(faults, failAfter, busy, invalid, badKey, noCredits, noRoute)
	case kind == "logs", kind == "find":
		faults = append(faults, noneShown)
	case kind == "copy", strings.HasPrefix(kind, "delete "):
		faults = append(faults, failAfter)
	}
	return faults
}

// markStarted records that the job's execution was started. Whoever starts or redrives a job
// does that too, at any time.
func (s *stage) markStarted(ctx context.Context) {
	jobs := s.tableOf(&s.items)
	if entry, version, err := jobs.Get(ctx, "job-1"); err == nil {
		entry.Started = true
		if _, _, err := jobs.Update(ctx, entry, version); err != nil {
			panic(err)
		}
	}
}
