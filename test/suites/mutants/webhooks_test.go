package mutants_test

// hooking returns the mutants that leak the URL of a webhook, lose a webhook, or let a slow receiver
// hold up others.
func hooking() []mutant {
	return []mutant{
		{
			"a redirect of a webhook that is followed", "internal/notify/webhook/post/post.go",
			`return http.ErrUseLastResponse`, `return nil`,
			"^TestSend$", "./internal/notify/webhook/post", `/redirect" its host has an address that is not public`,
		},
		{
			"a webhook to any address", "internal/guard/guard.go",
			`return Address(address, loopback)`, `_ = address; return nil`,
			"^TestSend$", "./internal/notify/webhook/post", "on a stack in an account it",
		},
		{
			"the URL of a webhook in the JSON of a request", "internal/video/request.go",
			`{ return r.marked().Canonical(), nil }`, `{ return r.values.Canonical(), nil }`,
			"^TestWebhookIsSecret$", "./internal/video", "its JSON has the URL",
		},
		{
			"a message that SQS did not answer for", "internal/notify/webhook/queues.go",
			`errs[i] = errors.New("SQS did not answer for the message")`, `errs[i] = nil`,
			"^TestPartialFailure$", "./internal/notify/webhook", `"silent": 0 failed`,
		},
		{
			"a slow receiver that is forgotten", "internal/notify/webhook/deliver.go",
			`if known.Newer(found) {`, `if known.Newer(found) && false {`,
			"^TestSlowReceiver$", "./internal/notify/webhook", "it is known as",
		},
		{
			"a previous secret that signs for ever", "internal/notify/webhook/secrets/secrets.go",
			`if now.Sub(aws.ToTime(current.CreatedDate)) < rotation {`, `if now.Sub(aws.ToTime(current.CreatedDate)) < rotation || true {`,
			"^TestRotation$", "./internal/notify/webhook/secrets", "a day after a rotation",
		},
		{
			"a webhook that is given up without being kept", "internal/notify/webhook/deliver.go",
			`if err := d.giveUp(ctx, m, result.String()); err != nil {`, `if err := error(nil); err != nil {`,
			"^TestUndelivered$", "./internal/notify/webhook", "it keeps",
		},
	}
}
