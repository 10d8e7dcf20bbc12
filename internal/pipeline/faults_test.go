package pipeline_test

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// fault is what can happen to a call.
type fault string

const (
	crashBefore fault = "crash before"  // the invocation ends before the call's effect
	crashAfter  fault = "crash after"   // and after it
	failBefore  fault = "fail before"   // an error, and no effect
	failAfter   fault = "fail after"    // an error, and the effect all the same
	twice       fault = "tried twice"   // a conditional write whose answer was lost, and which the SDK tried again
	conflict    fault = "conflict"      // another write was under way
	late        fault = "late"          // an error, and the effect once the next call is over
	underWay    fault = "under way"     // a transaction's own first try is still under way, and takes effect
	marked      fault = "marked before" // who started the execution writes that down just before
	hold        fault = "hold before"   // the invocation waits here while another runs
	holdAfter   fault = "hold after"    // and here
	busy        fault = "429"           // and so on, of the provider
	invalid     fault = "400"           //
	badKey      fault = "401"           //
	noCredits   fault = "403"           //
	noRoute     fault = "connection refused"
)

// crashed ends an invocation, as a crash or the function's time-out does.
type crashed struct{}

// outage is a call that failed by the plan.
func outage() error { return errors.New("the plan made it fail") }

// moments counts the calls of an invocation and knows which of them go wrong.
type moments struct {
	trace []string      // the kinds of the calls, in order
	plan  map[int]fault // by the call's place in the trace
	held  func()        // runs another invocation while this one is held
	late  func()        // the effect of a call that was given up
}

// comes is what happens to the next call.
func (m *moments) comes() fault { return m.plan[len(m.trace)] }

func (m *moments) next(kind string) fault {
	m.trace = append(m.trace, kind)
	return m.plan[len(m.trace)-1]
}

// do makes a call: its effect, and what the plan does to it. It gives the fault
// for the caller to make its own error of, if it is of another kind.
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

// kindOfPut names the write of an item.
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

// mayLose reports whether a plan has a fault that can keep a claimed job from
// being posted, or its answer from being read.
func mayLose(plan map[int]fault) bool {
	for _, f := range plan {
		switch f {
		case crashBefore, crashAfter, failBefore, failAfter, conflict, late:
			return true
		}
	}
	return false
}

// faultsOf lists what can happen to a call of a kind.
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
	case kind == "copy", strings.HasPrefix(kind, "delete "):
		faults = append(faults, failAfter)
	}
	return faults
}

// markStarted writes down that the job's execution was started, as who starts or
// redrives it does, at a time of their own.
func (s *stage) markStarted(ctx context.Context) {
	jobs := s.tableOf(&s.items)
	if entry, version, err := jobs.Get(ctx, "job-1"); err == nil {
		entry.Started = true
		if _, _, err := jobs.Update(ctx, entry, version); err != nil {
			panic(err)
		}
	}
}
