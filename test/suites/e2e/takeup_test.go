package e2e

import (
	"flag"
	"os"
	"testing"
)

// atOnce is the number of parallel tests. They mostly wait for the stack, so it exceeds the
// number of processors.
const atOnce = "12"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func TestTakeup(t *testing.T) {
	t.Parallel()
	w := start(t, "test")
	t.Run("doctor", w.testDoctor)
	t.Run("triggers", func(t *testing.T) {
		for _, test := range []struct {
			name string
			run  func(*world, *testing.T)
		}{
			{"a file that breaks off", (*world).testBrokenOff},
			{"a video that is not yet available", (*world).testVideoLate},
			{"an unusable event", (*world).testUnhandled},
			{"the API on both paths", (*world).testPaths},
			{"the API refuses", (*world).testRefusals},
			{"an unmodified client", (*world).testClient},
			{"the command line", (*world).testCommandLine},
			{"an Idempotency-Key", (*world).testIdempotency},
			{"an Idempotency-Key with a different body", (*world).testMismatch},
			{"prompt files", (*world).testUploads},
			{"the same prompt file", (*world).testSameFile},
			{"an upload form, sent more than once", (*world).testFormAgain},
			{"an event again", (*world).testEventAgain},
			{"an event of a file that is gone", (*world).testFileGone},
			{"system files", (*world).testSystemFiles},
			{"files that can't be used", (*world).testRejected},
			{"a file of many prompts", (*world).testBatchFile},
			{"a batch that is corrected", (*world).testBatchCorrected},
			{"a batch that is cancelled", (*world).testBatchCancelled},
			{"an execution by hand", (*world).testByHand},
			{"a refused execution by hand", (*world).testByHandRefused},
			{"an execution that is stopped", (*world).testStopped},
			{"a job that was never started", (*world).testSwept},
			{"moderation", (*world).testModeration},
			{"no credits, then a redrive", (*world).testCredits},
			{"a busy provider", (*world).testBusy},
			{"a lost answer", (*world).testLostAnswer},
			{"a job that is retried", (*world).testRetry},
			{"a file that is no video", (*world).testNoVideo},
			{"transitions", (*world).testTransitions},
			{"the views of a video", (*world).testVideos},
			{"a job that is cancelled", (*world).testCancel},
			{"a discarded video", (*world).testDiscard},
			{"a stored video that is discarded", (*world).testDiscardStored},
			{"a stored video that is discarded before the job records it", (*world).testDiscardUnrecorded},
			{"a video that is forgotten", (*world).testForgotten},
			{"an upload by a form", (*world).testForm},
			{"what needs no token", (*world).testOpen},
			{"the provider's samples", (*world).testSamples},
			{"plain http", (*world).testPlainHTTP},
			{"the provider's SDK", (*world).testSDK},
			{"the provider's SDK, with lost answers", (*world).testRetried},
			{"owners", (*world).testOwners},
			{"metadata", (*world).testMetadata},
			{"events", (*world).testEvents},
			{"webhooks", (*world).testWebhooks},
			{"mails", (*world).testMails},
			{"chat", (*world).testChat},
			{"n8n's node", (*world).testN8n},
			{"a file, by HEAD and with a token", (*world).testContent},
			{"an extra slash", (*world).testSlashes},
			{"what API Gateway answers", (*world).testGateway},
		} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				test.run(w, t)
			})
		}
	})
	// The rest needs the stack to itself, or the results of the tests above.
	t.Run("alarms", w.testAlarms)
	t.Run("corpus", w.testCorpus)
	t.Run("restarted jobs", w.testBegunAnew)
	t.Run("paused", w.testPause)
	t.Run("caps", w.testCaps)
	t.Run("an API fuzzer", w.testFuzz)
	t.Run("a replaced key", w.testKeyExchange)
	t.Run("a file of 300 prompts", w.testBatchOfMany)
	t.Run("nothing is bought twice", w.testLedger)
	t.Run("what seldom happens", w.testSeldom)
	t.Run("logs", w.testLogs)
	t.Run("permissions", w.testPermissions)
	t.Run("verify-aws", w.testVerify) // it deletes the stack
	t.Run("deployed again", w.testDeployedAgain)
}
