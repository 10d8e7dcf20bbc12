// Package templatecheck finds contradictions within the project: its rules check the template,
// the state machine, the functions' settings and the sample events against each other, as far as
// no validator of AWS does. Its own tests run the rules on the project, and also break the
// project in each way that a rule is for.
package templatecheck

import (
	"fmt"
	"slices"
)

// Finding is a problem that a rule found.
type Finding struct {
	Rule    string // the name of the rule
	Problem string // what is wrong where, and what it should be
}

func (f Finding) String() string { return f.Rule + ": " + f.Problem }

// report records a problem, with the arguments of fmt.Printf.
type report func(format string, args ...any)

// rule is one check. The tests identify it by its name.
type rule struct {
	name  string
	check func(*Project, report)
}

func rules() []rule {
	return slices.Concat(machineRules(), functionRules(), stackRules(), metricRules())
}

// Check returns everything that is wrong with a project.
func Check(p *Project) []Finding {
	var found []Finding
	for _, r := range rules() {
		r.check(p, func(format string, args ...any) {
			found = append(found, Finding{Rule: r.name, Problem: fmt.Sprintf(format, args...)})
		})
	}
	return found
}
