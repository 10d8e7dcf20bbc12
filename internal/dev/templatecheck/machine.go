package templatecheck

import (
	"maps"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/video"
)

// jobMachine is the logical id of the state machine of the jobs. Its states are named after the
// functions, and give each other a video.Job.
const jobMachine = "TextToVideo"

func machineRules() []rule {
	return []rule{
		{"targets", eachMachine(targets)},
		{"reachable", eachMachine(reachable)},
		{"ends", eachMachine(ends)},
		{"defaults", eachMachine(defaults)},
		{"statuses", ofJobs(statuses)},
		{"waits", ofJobs(waits)},
		{"timeouts", eachMachine(eachTask(timeouts))},
		{"final outcomes", ofJobs(eachTask(finalOutcomes))},
		{"all else", eachMachine(eachTask(allElse))},
		{"patience", eachMachine(eachTask(patience))},
		{"known errors", eachMachine(eachTask(knownErrors))},
		{"substitutions", eachMachine(substitutions)},
		{"steps", ofJobs(eachTask(steps))},
		{"invocations", eachMachine(invocations)},
	}
}

// eachMachine calls check for each state machine, and for the one that a Map runs for each item.
// That one has no text, and its id is that of the whole.
func eachMachine(check func(*Project, string, Machine, report)) func(*Project, report) {
	return func(p *Project, say report) {
		if len(p.Machines) == 0 {
			say("the template has no state machine")
		}
		for _, id := range slices.Sorted(maps.Keys(p.Machines)) {
			m := p.Machines[id]
			check(p, id, m, say)
			for _, name := range slices.Sorted(maps.Keys(m.States)) {
				if inner := m.States[name].ItemProcessor; inner != nil {
					check(p, id, *inner, say)
				}
			}
		}
	}
}

// ofJobs is eachMachine for the state machine of the jobs alone.
func ofJobs(check func(*Project, string, Machine, report)) func(*Project, report) {
	return eachMachine(func(p *Project, id string, m Machine, say report) {
		if id == jobMachine {
			check(p, id, m, say)
		}
	})
}

// eachTask calls check for each task that calls a function.
func eachTask(check func(*Project, string, State, report)) func(*Project, string, Machine, report) {
	return func(p *Project, _ string, m Machine, say report) {
		for _, name := range slices.Sorted(maps.Keys(m.States)) {
			if s := m.States[name]; s.Type == "Task" && s.callsFunction() {
				check(p, name, s, say)
			}
		}
	}
}

// callsFunction reports whether a task calls a function, and not another service.
func (s State) callsFunction() bool { return strings.HasSuffix(step(s), "Function") }

func targets(_ *Project, _ string, m Machine, say report) {
	if _, ok := m.States[m.StartAt]; !ok {
		say("StartAt names %q, which is no state", m.StartAt)
	}
	for _, name := range slices.Sorted(maps.Keys(m.States)) {
		state := m.States[name]
		if len(state.next()) == 0 && !state.ends() {
			say("%q has no Next", name)
		}
		for _, to := range state.next() {
			if _, ok := m.States[to]; !ok {
				say("%q goes to %q, which is no state", name, to)
			}
		}
	}
}

func reachable(_ *Project, _ string, m Machine, say report) {
	seen := map[string]bool{}
	open := []string{m.StartAt}
	for len(open) > 0 {
		name := open[0]
		open = open[1:]
		if !seen[name] {
			seen[name] = true
			open = append(open, m.States[name].next()...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.States)) {
		if !seen[name] {
			say("nothing goes to %q", name)
		}
	}
}

func ends(_ *Project, _ string, m Machine, say report) {
	ends := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for name, state := range m.States {
			if !ends[name] && (state.ends() || slices.ContainsFunc(state.next(), func(to string) bool { return ends[to] })) {
				ends[name], grown = true, true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.States)) {
		if !ends[name] {
			say("no end state can be reached from %q", name)
		}
	}
}

func defaults(_ *Project, _ string, m Machine, say report) {
	for _, name := range slices.Sorted(maps.Keys(m.States)) {
		if m.States[name].Type == "Choice" && m.States[name].Default == "" {
			say("%q has no Default: a status that it does not name would end the job without a reason", name)
		}
	}
}

func statuses(_ *Project, _ string, m Machine, say report) {
	known := []video.Status{video.Waiting, video.Generating, video.Completed, video.Stored}
	for _, name := range slices.Sorted(maps.Keys(m.States)) {
		for _, c := range m.States[name].Choices {
			if c.Variable != "$.status" || !slices.Contains(known, video.Status(c.StringEquals)) {
				say("%q compares %s with %q; steps give $.status as one of %q", name, c.Variable, c.StringEquals, known)
			}
		}
	}
}

func waits(_ *Project, _ string, m Machine, say report) {
	for _, name := range slices.Sorted(maps.Keys(m.States)) {
		if state := m.States[name]; state.Type == "Wait" && state.SecondsPath != "$.wait_seconds" {
			say("%q does not wait for $.wait_seconds, which the steps compute", name)
		}
	}
}

// step returns the logical id of the function that a task calls.
func step(s State) string {
	names := template.Placeholders(s.Resource)
	if len(names) != 1 || s.Resource != "${"+names[0]+"}" {
		return ""
	}
	return strings.TrimSuffix(names[0], "Arn")
}

func timeouts(p *Project, name string, s State, say report) {
	limit, ok := p.Template.Property(step(s), "Timeout").(int)
	switch {
	case !ok:
		say("the function of %q has no Timeout", name)
	case s.TimeoutSeconds <= limit:
		say("%q gives up after %d s, and its function runs for up to %d s: it would be retried while it runs", name, s.TimeoutSeconds, limit)
	}
}

// endsJob reports whether an outcome of a step ends the job at once. It is false for outcomes
// after which the task is retried, since their cause may pass, and for those that no step
// returns.
func endsJob(outcome string) bool {
	kind := video.Outcome{Name: outcome}.Kind()
	return !kind.Retried && !kind.Settled
}

// retrier returns the first retrier that matches an error, by its name. States.TaskFailed
// matches every error of a task, except States.Timeout.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
func (s State) retrier(name string) (Retrier, bool) {
	i := slices.IndexFunc(s.Retry, func(r Retrier) bool {
		return slices.Contains(r.ErrorEquals, name) || slices.Contains(r.ErrorEquals, "States.ALL") ||
			name != "States.Timeout" && slices.Contains(r.ErrorEquals, "States.TaskFailed")
	})
	if i < 0 {
		return Retrier{}, false
	}
	return s.Retry[i], true
}

// finalOutcomes: the first retrier names each outcome that ends a job, and no other error, and
// retries none of them.
func finalOutcomes(p *Project, name string, s State, say report) {
	var want []string
	for _, outcome := range slices.Sorted(maps.Keys(p.Outcomes)) {
		if endsJob(outcome) {
			want = append(want, outcome)
		}
	}
	var first Retrier
	if len(s.Retry) > 0 {
		first = s.Retry[0]
	}
	if named := slices.Sorted(slices.Values(first.ErrorEquals)); !slices.Equal(named, want) {
		say("the first retrier of %q names %q, and the outcomes that end a job are %q", name, named, want)
	}
	if first.MaxAttempts == nil || *first.MaxAttempts != 0 {
		say("%q retries an outcome that ends a job", name)
	}
}

// allElse: every other failure is retried, whatever its name. There are more names than AWS
// documents.
func allElse(_ *Project, name string, s State, say report) {
	for _, failure := range []string{
		"States.Timeout", "Sandbox.Timedout", "Runtime.ExitError", "Lambda.Unknown", "Lambda.TooManyRequestsException",
		"Lambda.CodeArtifactUserPendingException", "ServiceUnavailable", "AnErrorThatNobodyNamed",
	} {
		if r, ok := s.retrier(failure); !ok || r.attempts() < 3 || r.BackoffRate < 1.5 || r.JitterStrategy != "FULL" {
			say("%q does not retry %s at least three times, with backoff and full jitter", name, failure)
		}
	}
}

// attempts returns how often a task is retried. 3 is Step Functions' default.
func (r Retrier) attempts() int {
	if r.MaxAttempts == nil {
		return 3
	}
	return *r.MaxAttempts
}

// wait returns the average sum of a retrier's waits, in seconds. With full jitter, each wait is
// anything from zero to its maximum.
func (r Retrier) wait() float64 {
	total, delay := 0.0, float64(r.IntervalSeconds)
	for range r.attempts() {
		total += min(delay, float64(r.MaxDelaySeconds))
		delay *= r.BackoffRate
	}
	if r.JitterStrategy == "FULL" {
		total /= 2
	}
	return total
}

// patience: what was paid for survives a bad afternoon at the source of the video. Any other
// failure has half an hour to pass. Throttling and failing services, which many jobs meet at
// once, have longer than the rest.
func patience(_ *Project, name string, s State, say report) {
	if r, _ := s.retrier("VideoUnavailable"); name == "Store" && r.wait() < 2*3600 {
		say("%q gives up on a video that can't be fetched after %.0f s of waiting, although it is paid", name, r.wait())
	}
	rest, _ := s.retrier("AnErrorThatNobodyNamed")
	for _, failure := range []string{"ServiceUnavailable", "Lambda.TooManyRequestsException", "States.Timeout", "AnErrorThatNobodyNamed"} {
		if r, _ := s.retrier(failure); r.wait() < max(1800, rest.wait()) {
			say("%q waits %.0f s in total for retries of %s, and should wait half an hour", name, r.wait(), failure)
		}
	}
}

// knownErrors: a name that nothing returns never matches.
func knownErrors(p *Project, name string, s State, say report) {
	known := []string{"States.ALL", "States.TaskFailed", "States.Timeout", "Lambda.TooManyRequestsException"}
	var named []string
	for _, r := range s.Retry {
		named = append(named, r.ErrorEquals...)
	}
	for _, c := range s.Catch {
		named = append(named, c.ErrorEquals...)
	}
	for _, failure := range named {
		if own := !strings.Contains(failure, "."); own && !p.Outcomes[failure] || !own && !slices.Contains(known, failure) {
			say("%q names %s, which neither %s nor Step Functions knows", name, failure, outcomesFile)
		}
	}
}

func substitutions(p *Project, id string, m Machine, say report) {
	if m.text == "" {
		return // a part of one that has it
	}
	given, _ := p.Template.Property(id, "DefinitionSubstitutions").(map[string]any)
	used := template.Placeholders(m.text)
	for _, name := range used {
		if _, ok := given[name]; !ok {
			say("the definition of %s uses ${%s}, which the template does not give", id, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(used, name) {
			say("the template gives ${%s}, which the definition of %s does not use", name, id)
		}
	}
}

// steps: the state Submit calls SubmitFunction, and so on.
func steps(p *Project, name string, s State, say report) {
	want := name + "Function"
	if step(s) != want {
		say("%q calls %s, not ${%sArn}", name, s.Resource, want)
	}
	given := p.Template.Property(jobMachine, "DefinitionSubstitutions", want+"Arn")
	if given != template.GetAtt(want+".Arn") {
		say("%s gives %v for %sArn, not the ARN of %s", jobMachine, given, want, want)
	}
}

// invocations: a state machine may invoke the functions of its tasks, and no others.
func invocations(p *Project, id string, m Machine, say report) {
	var granted, called []string
	role, _ := p.Template.Property(id, "RoleArn").(template.GetAtt)
	for _, policy := range p.Template.InlinePolicies(strings.TrimSuffix(string(role), ".Arn")) {
		for _, s := range template.List(template.At(policy, "Statement")) {
			if slices.Contains(template.List(template.At(s, "Action")), any("lambda:InvokeFunction")) {
				granted = append(granted, template.References(template.At(s, "Resource"))...)
			}
		}
	}
	for _, s := range m.States {
		if s.callsFunction() {
			called = append(called, step(s)+".Arn")
		}
	}
	slices.Sort(granted)
	slices.Sort(called)
	if !slices.Equal(granted, slices.Compact(called)) {
		say("%s may invoke %q, and calls %q", id, granted, called)
	}
}
