// Package templatecheck says what contradicts what in the project: its rules hold the
// template, the state machine, the functions' settings and the sample events against each
// other, as far as no validator of AWS does. Its own tests run them on the project, and
// break the project in each way that a rule is for.
package templatecheck

import (
	"fmt"
	"slices"
)

// Finding is something that is wrong.
type Finding struct {
	Rule    string // the name of the rule that is broken
	Problem string // what is wrong where, and what it should be
}

func (f Finding) String() string { return f.Rule + ": " + f.Problem }

// report takes what a rule finds, in the manner of fmt.Printf.
type report func(format string, args ...any)

// rule is one check, by the name that a broken variant in the tests is caught by.
type rule struct {
	name  string
	check func(*Project, report)
}

func rules() []rule {
	return slices.Concat(machineRules(), functionRules(), stackRules())
}

// Check returns everything that is wrong with a project; nothing where it is right.
func Check(p *Project) []Finding {
	var found []Finding
	for _, r := range rules() {
		r.check(p, func(format string, args ...any) {
			found = append(found, Finding{Rule: r.name, Problem: fmt.Sprintf(format, args...)})
		})
	}
	return found
}
