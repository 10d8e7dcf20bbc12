package mutants_test

// mailing returns the mutants that lose mails, or send too many.
func mailing() []mutant {
	return []mutant{
		{
			"a mail that drops what came while it was sent", "internal/table/digest/digest.go",
			`d.Waiting = slices.DeleteFunc(d.Waiting, func(other Note) bool { return other.ID == n.ID })`, `d.Waiting = nil`,
			"^TestTwoProcesses$", "./internal/notify/mail", "after a quarter of an hour: the mails are []",
		},
		{
			"an event left for later since another was told at the same time", "internal/table/digest/digest.go",
			`!errors.As(err, &conflict) {`, `!errors.As(err, &conflict) || true {`,
			"^TestChangeBehindOthers$", "./internal/table/digest", "changed: false",
		},
		{
			"a mail dropped that the topic refused", "internal/notify/mail/mail.go",
			"err := m.publish(ctx, d)\n\tif err == nil {", "err := m.publish(ctx, d)\n\tif err == nil || true {",
			"^TestTopicRefuses$", "./internal/notify/mail", "accepted: the mails are []",
		},
		{
			"a mail sent by two at once", "internal/notify/mail/mail.go",
			` && !d.SendingUntil.After(now); due`, `; due`,
			"^TestTwoProcesses$", "./internal/notify/mail", "at once: the mails are",
		},
		{
			"a mail for each event", "internal/notify/mail/mail.go",
			`now.Sub(d.MailedAt) >= apart`, `now.Sub(d.MailedAt) >= 0`,
			"^TestQuarter$", "./internal/notify/mail", "after ten minutes: the mails are",
		},
	}
}
