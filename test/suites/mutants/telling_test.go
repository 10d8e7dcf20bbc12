package mutants_test

// telling are the mutants of what is told to the outside.
func telling() []mutant {
	return []mutant{
		{
			"an ending that is not put into the outbox", "internal/table/ended.go",
			`if !added {`, `if added || !added {`,
			"^TestEndedOnceWhateverFails$", "./internal/table", "there is []",
		},
		{
			"an entry that failed within a call taken for told", "internal/notify/eventbus/eventbus.go",
			`case passing(code):`, `case false:`,
			"^TestTrouble$", "./internal/notify", `then told ""`,
		},
		{
			"an event taken for told by the channel that took it", "internal/notify/outbox.go",
			`err != nil && (before == nil || untellable(before)) {`, `before != nil {`,
			"^TestChannels$", "./internal/notify", "the_second_fails",
		},
		{
			"a sweep that leaves what the stream has lost", "internal/notify/outbox.go",
			`o.Now().Sub(one.Item.Ending.At) >= settled {`, `false {`,
			"^TestLostRecords$", "./internal/notify", "are left",
		},
		{
			"a stream held up by what can't be told", "internal/notify/event.go",
			`return errors.As(err, &unreadable) ||`, `return errors.As(err, &unreadable) && false ||`,
			"^TestTrouble$", "./internal/notify", "an_item_that_can't_be_read",
		},
		{
			"a cap told by each job that meets it", "internal/table/outbox/outbox.go",
			`store.Replace(marker, "")`, `&dynamodb.PutItemInput{TableName: &store.Name, Item: marker}`,
			"^TestTellCapReached$", "./internal/table/record", "then told",
		},
		{
			"a cap told by a job that waits for a slot", "internal/budget/limits.go",
			`return !e.Attempts() && !e.Dear()`, `return !e.Dear()`,
			"^TestTellCapReached$", "./internal/table/record", "in_flight",
		},
	}
}
