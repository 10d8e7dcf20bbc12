// Package mutants_test shows that the tests of the promises can fail. Each mutant removes one
// precaution from the code and must be caught by a violated promise. A mutant replaces the
// source for a single build of tests (-overlay), so that it is never deployed. Those tests end as
// soon as they catch it.
package mutants_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutant is one precaution removed.
type mutant struct {
	name     string
	file     string // the file with the precaution
	old, new string // the precaution, and what replaces it
	run      string // the tests of the package that must fail
	in       string
	violates string // and the message that they must print
}

func TestEachMutantIsCaught(t *testing.T) {
	const exhaustive = "^(TestEveryFaultAndEveryPair|TestTwoSubmitsAtEveryPoint)$"
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	mutants := []mutant{
		{
			"claim off", "internal/table/jobs.go",
			`aws.String("attribute_not_exists(#pk)")`, `func() *string { _ = aws.String(""); return nil }()`,
			exhaustive, "./internal/pipeline", "paid twice",
		},
		{
			"takeover without a condition", "internal/table/dynamo/store.go",
			`aws.String("#version = :read")`, `nil`,
			exhaustive, "./internal/pipeline", ", and the job has {",
		},
		{
			"a failed condition trusted without comparing the mark", "internal/table/dynamo/write.go",
			`ok && there.Value == mark {`, `ok && there.Value == mark && false {`,
			exhaustive, "./internal/pipeline", "called lost, though nothing kept it from being posted and recorded",
		},
		{
			"own write known by the version alone, after a failed condition", "internal/table/dynamo/write.go",
			`ok && there.Value == mark {`, `ok && there.Value != "" {`,
			exhaustive, "./internal/pipeline", "paid twice",
		},
		{
			"own write known by the version alone, after a lost answer", "internal/table/jobs.go",
			`readErr == nil && found.Mark == entry.Mark {`, `readErr == nil && (found.Mark == entry.Mark || current == strconv.FormatInt(version, 10)) {`,
			exhaustive + "|^TestTwoSubmitsAtOnceAndEveryPair$", "./internal/pipeline", "paid twice",
		},
		{
			"a decisive read that is not consistent", "internal/table/dynamo/store.go",
			`ConsistentRead: aws.Bool(true)`, `ConsistentRead: aws.Bool(false)`,
			exhaustive, "./internal/pipeline", ", and the job's []",
		},
		{
			"generation id not recorded", "internal/pipeline/submit/submit.go",
			`entry.Handle, entry.GenerationID = string(generation.Handle), generation.ID`, `_ = generation`,
			exhaustive, "./internal/pipeline", "gen-1 was paid, and it ended with",
		},
		{
			"lost after one lookup", "internal/pipeline/submit/lookup.go",
			`absent := look.Complete && began.After(shown)`, `absent := look.Complete || began.After(shown)`,
			exhaustive, "./internal/pipeline", "gen-1 was paid, and it ended with SubmissionLost",
		},
		{
			"lost after one complete reading", "internal/pipeline/submit/lookup.go",
			`lost := absent && !entry.AbsentAt.IsZero() && began.Sub(entry.AbsentAt) >= s.Times.LookUpFirst`, `lost := absent`,
			"^TestASubmissionThatOneReadingLacksIsFound$", "./internal/pipeline", "and posted [job-1.1 job-1.2]",
		},
		{
			"refused after a lost answer, and treated as refused", "internal/pipeline/submit/submit.go",
			`case errors.As(err, &unanswered):`, `case errors.As(err, &unanswered) && !errors.As(err, &refusal):`,
			"^TestUnansweredAndThenRefusedIsUnanswered$", "./internal/pipeline", "Phase:refused",
		},
		{
			"unreadable logs treated as empty", "internal/provider/aimlapi/find.go",
			`return unread("its logs", err), nil`, `return provider.Found{Complete: true}, nil`,
			"^TestFind$", "./internal/provider/aimlapi", "TestFind/no_logs",
		},
		{
			"manifest before the video", "internal/pipeline/store/store.go",
			"	case err != nil:\n		return video.Manifest{}, s.unavailable(job, redacted(err, entry.Request))\n	}\n	stored :=", "	case err != nil:\n		defer s.unavailable(job, err)\n	}\n	stored :=",
			exhaustive, "./internal/pipeline", "it ended as stored with the file \"\" and a manifest: true",
		},
		{
			"a video kept that was discarded during its copy", "internal/pipeline/store/store.go",
			`case !entry.DiscardedAt.IsZero():`, `case !entry.DiscardedAt.IsZero() && false:`,
			"^TestCancelAtEveryPoint$", "./internal/pipeline", "and a manifest: true",
		},
		{
			"a manifest kept whole whose job was forgotten during its write", "internal/pipeline/store/store.go",
			`case !entry.ForgottenAt.IsZero():`, `case !entry.ForgottenAt.IsZero() && false:`,
			"^TestForgottenAtEveryPoint$", "./internal/pipeline", "once the rest had ended videos/job-1/video.json has its prompt",
		},
		{
			"a forgotten job redriven", "internal/jobs/redrive.go",
			`case !entry.ForgottenAt.IsZero():`, `case !entry.ForgottenAt.IsZero() && false:`,
			"^TestForgottenAtEveryPoint$", "./internal/pipeline", "it is forgotten, and redriven as",
		},
		{
			"claims while it is paused", "internal/table/claim.go",
			`if paused := control.Paused(t.store.Name); paused != nil {`, `if paused := control.Paused(t.store.Name); paused != nil && false {`,
			"^TestPausedAtEveryPoint$", "./internal/pipeline", "was claimed while it was paused",
		},
		{
			"a claim by an earlier decision", "internal/table/claim.go",
			`record.StillDecided(&t.records, decided)`, `record.StillDecided(&t.records, func() string { _, decided, _ = t.Control(ctx); return decided }())`,
			"^TestPausedAtEveryPoint$", "./internal/pipeline", "was claimed while it was paused",
		},
		{
			"cancelled while it is posted", "internal/jobs/cancel.go",
			`case entry.Phase == "", entry.Phase == video.PhaseRefused:`, `case entry.Phase != video.PhaseAccepted:`,
			"^TestCancelAtEveryPoint$", "./internal/pipeline", "it was said to be cancelled, and is completed",
		},
		{
			"an existing object replaced", "internal/transfer/object.go",
			`Key: &o.key, IfNoneMatch: aws.String("*"), ContentType`, `Key: &o.key, ContentType`,
			"^TestStoredAlready$", "./internal/transfer", "PutObject, the same false",
		},
		{
			"a changed file resumed", "internal/transfer/rangereader.go",
			`case response.Ranged && response.ETag == f.etag && response.Length == f.length:`, `case response.Ranged || response.ETag == f.etag && response.Length == f.length:`,
			"^TestChangedFile$", "./internal/transfer", "stored: true",
		},
		{
			"a text claimed after its job is started", "internal/promptfile/promptfile.go",
			`job, err := f.identify(ctx, u, sum)`,
			"if !u.copied {\n\t\tknown, _, _ := f.contents.Content(ctx, sum)\n\t\tknown.Job, known.Key = JobID(u.bucket, u.key, sum), u.key\n\t\tif out, err := f.begin(ctx, u, known, content); err != nil {\n\t\t\treturn out, err\n\t\t}\n\t}\n\tjob, err := f.identify(ctx, u, sum)",
			"^TestTheSameFileIsTheSameRequest$", "./internal/promptfile", ": 2 jobs: map[",
		},
		{
			"a file's job by its version", "internal/promptfile/identity.go",
			`Job: JobID(u.bucket, u.key, sum), Key`, `Job: JobID(u.bucket, u.key, u.version), Key`,
			"^TestTheSameFileIsTheSameRequest$", "./internal/promptfile", "undisturbed: 2 jobs and 0 rejections, not 1 and 0",
		},
		{
			"a batch's job identified by the client's own fields", "internal/batch/identity.go",
			`sha256.Sum256(request.Body())`, `sha256.Sum256([]byte(request.Hash()))`,
			"^TestOnlyWhatIsNewIsBought$", "./internal/batch", "501 are bought, want 0",
		},
		{
			"equal lines of a batch as one job", "internal/batch/identity.go",
			`		n.count[sum]++`, `		n.count[sum] = 1`,
			"^TestMoreOfALine$", "./internal/batch", "buys 0, want 3",
		},
		{
			"half of a text left out with a stray quote", "internal/batch/batchfile/csv.go",
			`s.row, r.quotes, video`, `s.row, false, video`,
			"^TestCorpus$", "./internal/batch", "quotes wrong: false",
		},
		{
			"a replaced file run for an event that comes late", "internal/batch/record/record.go",
			`source.same) || source.before(b.Source().At) {`, `source.same) {`,
			"^TestEventsThatComeLate$", "./internal/batches", "an older version",
		},
		{
			"restarted beside a running execution", "internal/jobs/start.go",
			`execution != nil && runs.Ended(execution.Status), err`, `execution != nil, err`,
			"^TestBegunAnewByTwoAtOnce$", "./internal/jobs", "2 executions at once",
		},
		{
			"restarted after a claim", "internal/jobs/start.go",
			`if !entry.Unclaimed() {`, `if entry.Phase == "never" {`,
			"^TestBegunAnewByTwoAtOnce$", "./internal/jobs", "started [a-r1 a-r2]",
		},
		{
			"known before the start is marked", "internal/jobs/start.go",
			"		case entry.Started:\n", "		case version != \"\":\n",
			"^TestStartedOnceWhateverFails$", "./internal/jobs", "0 executions at once",
		},
		{
			"what was sent replaced without its condition", "internal/table/dynamo/store.go",
			`put.ConditionExpression, put.ExpressionAttributeValues = aws.String("attribute_not_exists(#version)"), nil`,
			`put.ConditionExpression, put.ExpressionAttributeNames, put.ExpressionAttributeValues = nil, nil, nil`,
			"^TestSentOnceWhateverFails$", "./internal/jobs", ": the jobs [",
		},
		{
			"a first POST that ignores its retry", "internal/jobs/send.go",
			`!one.First && !p.At.After(one.At)`, `false`,
			"^TestSentOnceWhateverFails$", "./internal/jobs", ": the jobs [",
		},
		{
			"the next execution started before the item names it", "internal/jobs/start.go",
			`if entry, version, err = s.table.Update(ctx, entry.Next(), version); video.UnlessConflict(err) != nil {`, `if entry = entry.Next(); err != nil {`,
			"^TestStartedOnceWhateverFails$", "./internal/jobs", "the job names a, and a-r1 was started",
		},
		{
			"a redrive request consumed by a concurrent write", "internal/pipeline/submit/submit.go",
			`attempt >= 0 && entry.Attempt != attempt`, `attempt >= 0`,
			"^TestARedriveOutlivesTheMarkOfItsStart$", "./internal/pipeline", "accepted: got",
		},
		{
			"a claimed attempt released by a retry", "internal/jobs/retry.go",
			`s.table.Update(ctx, entry.Next(), version)`, `s.table.Update(ctx, func(e video.Entry) video.Entry { e.Phase = video.PhaseRefused; return e }(entry.Next()), version)`,
			"^TestRetriedAtEveryPoint$", "./internal/pipeline", "it ended with stored, and holds {",
		},
		{
			"an outcome undone by a retry", "internal/jobs/runs/executions.go",
			`if entry.Outcome == nil || entry.Over() {`, `if entry.Unclaimed() {`,
			"^TestRetry$", "./internal/jobs", `"resume":true`,
		},
		{
			"settled without its condition", "internal/jobs/settle.go",
			`case entry.Execution != name || entry.Over()`, `case entry.Over()`,
			"^TestSettle$", "./internal/jobs", "another_execution_has_it",
		},
		{
			"a claimed attempt released by settling", "internal/jobs/settle.go",
			"		entry = runs.Outcome(execution, entry)\n	}\n", "		entry = runs.Outcome(execution, entry)\n		entry.Phase = video.PhaseRefused\n	}\n",
			"^TestStoppedAndSettledAtEveryPoint$", "./internal/pipeline", "paid twice",
		},
		{
			"a sweep of the table's jobs alone", "internal/jobs/sweep/sweep.go",
			`{types.ExecutionStatusAborted, types.ExecutionStatusFailed, types.ExecutionStatusTimedOut}`, `{}`,
			"^TestSweepOfAnExecutionThatTheTableLacks$", "./internal/jobs", "want {Looked:6",
		},
		{
			"a sweep whose time goes to executions alone", "internal/jobs/sweep/sweep.go",
			`s.strays(half, list, func(name string) bool {
		return each(half,`, `s.strays(ctx, list, func(name string) bool {
		return each(ctx,`,
			"^TestSweepOfManyExecutionsThatTheTableLacks$", "./internal/jobs", "context deadline exceeded",
		},
		{
			"a sweep that always starts with the oldest jobs", "internal/jobs/sweep/sweep.go",
			`slices.Concat(all[after:], all[:after])`, `slices.Concat(all[:after], all[after:])`,
			"^TestSweepsComeToAllJobs$", "./internal/jobs", "the last one:",
		},
		{
			"an outcome that outlives a redrive", "internal/video/outcome.go",
			`e.Outcome != nil && e.Outcome.Redrive == e.Redrives`, `e.Outcome != nil`,
			"^TestStatus$", "./internal/jobs", "TestStatus/redriven",
		},
		{
			"a job whose day is not known", "internal/table/jobs.go",
			`if err := t.putDay(ctx, entry.CreatedAt); err != nil {`, `if err := t.putDay(ctx, entry.CreatedAt); err != nil && false {`,
			"^TestNoJobWithoutItsDay$", "./internal/table", "want ServiceUnavailable",
		},
		{
			"a cap outside the transaction", "internal/table/counter/money.go",
			`update.ConditionExpression = aws.String(strings.Join(conditions, " AND "))`, `_ = conditions`,
			"^TestClaimsAtOnce$", "./internal/table", "20 went through",
		},
		{
			"a release forgotten", "internal/pipeline/submit/submit.go",
			`entry.Book(budget.Released, 0)`, `_ = entry`,
			exhaustive, "./internal/pipeline", ", and holds {Held:1960000",
		},
		{
			"money that is released twice", "internal/table/jobs.go",
			"	case dynamo.Written:\n		entry.Booked = entry.Money", "	case dynamo.Written:\n		entry.Booked = append(entry.Money[:0:0], entry.Money...)\n		entry.Booked = append(entry.Booked, entry.Money...)",
			exhaustive, "./internal/pipeline", " counts ",
		},
		{
			"an unanswered attempt released", "internal/pipeline/submit/submit.go",
			`entry.Doubt()`, `entry.Book(budget.Released, 0)`,
			exhaustive, "./internal/pipeline", "it is lost, and {Held:0",
		},
		{
			"an unanswered attempt's slot freed at once", "internal/pipeline/submit/submit.go",
			`entry.Doubt()`, `entry.Book(budget.Uncertain, 0)`,
			"^TestAnUnansweredAttemptHoldsItsSlotForTheUsualTime$", "./internal/pipeline", "Slot:false",
		},
		{
			"an unanswered attempt's slot never freed by its lookups", "internal/pipeline/submit/amend.go",
			`free := left <= 0 && entry.HoldsSlot()`, `free := left < 0`,
			"^TestAnUnansweredAttemptHoldsItsSlotForTheUsualTime$", "./internal/pipeline", "Slot:true",
		},
		{
			"an owner's cap outside the transaction", "internal/table/counter/room.go",
			`add(heldName, r.ownerMicros)`, `_ = r.ownerMicros`,
			"^TestClaimsWithinAnOwnersLimit$", "./internal/table", "more than the owner's limit",
		},
		{
			"a batch's limit outside the transaction", "internal/table/counter/room.go",
			`add(inFlightName, r.batchInFlight)`, `_ = r.batchInFlight`,
			"^TestABatchsClaimsAtOnce$", "./internal/table", "12 went through",
		},
		{
			"a claim in a batch that was just cancelled", "internal/table/claim.go",
			`append(batch, counter.Changes(`, `append(batch[:0], counter.Changes(`,
			"^TestABatchIsCancelledAtEveryPoint$", "./internal/pipeline", "it was not claimed, and ended with stored",
		},
		{
			"a batch's jobs counted once too often", "internal/table/jobs.go",
			"	case dynamo.Written:\n		entry.Booked = entry.Money\n		entry.BookedCounts = entry.Counted()", "	case dynamo.Written:\n		entry.Booked = entry.Money",
			"^TestABatchsJobIsCountedOnce$", "./internal/table", "the counters are",
		},
		{
			"a failure forgotten by the next attempt", "internal/budget/booking.go",
			`m.State != Released {`, `m.State != Released && m.State != Failed {`,
			"^TestClaimsWithinAnOwnersLimit$", "./internal/table", "Failed:0",
		},
		{
			"counters corrected over a booking", "internal/table/counter/recount.go",
			`aws.String("#read = :read")`, `nil`,
			"^TestDrift$", "./internal/reconcile/gather", "Counter:money 2026-08",
		},
		{
			"released though a charge may be its own", "internal/reconcile/money.go",
			`if len(strange) == 0 {`, `if len(strange) >= 0 {`,
			"^TestUncertainMoney$", "./internal/reconcile", "a_charge_that_may_be_its_own",
		},
		{
			"a younger job takes an older one's slot", "internal/table/line.go",
			`slots += int64(ahead)`, `slots += 0`,
			"^TestJobsWaitForOlderOnes$", "./internal/table", `want "in_flight"`,
		},
		{
			"a younger job takes an older one's money", "internal/table/line.go",
			`behind.Micros += int64(ahead) * claimed.Micros`, `behind.Micros += 0`,
			"^TestJobsWaitForOlderOnes$", "./internal/table", `want "day"`,
		},
		{
			"the queue waits for a dead job", "internal/budget/line.go",
			`if !w.CountedUntil.After(now) {`, `if w.CountedUntil.IsZero() {`,
			"^TestJobsWaitForOlderOnes$", "./internal/table", "one_that_looks_no_more",
		},
		{
			"multipart uploads left open", "internal/transfer/transfer.go",
			`job.object.abortUploads(ctx)`, `_ = job.object.abortUploads`,
			"^TestUploadsThatWereLeft$", "./internal/transfer", "open uploads of",
		},
	}
	mutants = slices.Concat(mutants, telling(), mailing(), hooking(), measured())
	// A mutant that no longer fits the source is reported before any of them is tested.
	sources := make([][]byte, len(mutants))
	for i, m := range mutants {
		sources[i] = mutated(t, filepath.Join(root, m.file), m.old, m.new)
	}
	for i, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			tests := built(t, root, m.in, filepath.Join(root, m.file), sources[i])
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			run := exec.CommandContext(ctx, tests, "-test.run", m.run, "-test.parallel", "2", "-test.timeout", "10m")
			run.Dir = filepath.Join(root, m.in)
			run.Env = append(os.Environ(), "GOGC=400")
			out := &output{until: m.violates, found: stop}
			run.Stdout, run.Stderr = out, out
			if err := run.Run(); err == nil || !strings.Contains(out.String(), m.violates) {
				t.Errorf("not caught: %v\n%.3000s", err, out)
			}
		})
	}
}

// built builds the tests of a package while the mutant replaces a file. It returns their program.
func built(t *testing.T, root, in, file string, mutant []byte) string {
	t.Helper()
	dir := t.TempDir()
	replacement, list, tests := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "tests")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{file: replacement}})
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{replacement: mutant, list: overlay} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", tests, "-ldflags=-s -w", "-overlay", list, in)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("it can't be built: %v\n%.3000s", err, out)
	}
	return tests
}

// mutated returns a file's source with old replaced by new. old must occur exactly once.
func mutated(t *testing.T, path, old, new string) []byte {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(source), old) != 1 {
		t.Fatalf("%s does not contain %q exactly once", path, old)
	}
	return []byte(strings.Replace(string(source), old, new, 1))
}
