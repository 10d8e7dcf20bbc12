package mutants_test

// measured are the mutants of what is measured, and of the watch.
func measured() []mutant {
	return []mutant{
		{
			"a cancelled job counted as a failure", "internal/notify/measured.go",
			`one(v.Outcome != nil && !chosen)`, `one(v.Outcome != nil && (!chosen || true))`,
			"^TestMeasured$", "./internal/notify", "Failed is 1, want 0",
		},
		{
			"a metric that holds up what is told", "internal/notify/measured.go",
			`return make([]error, len(events))`, `return slices.Repeat([]error{errors.New("unmeasured")}, len(events))`,
			"^TestUnmeasured$", "./internal/notify", "waiting [",
		},
		{
			"a value that replaces another in its line", "internal/metrics/emit.go",
			`l.fields[string(v.Name)] == nil`, `true`,
			"^TestEmit$", "./internal/metrics", "wrote",
		},
		{
			"an alarm on a value that nobody emits", "internal/dev/templatecheck/metrics.go",
			`!slices.Contains(row.Values, value):`, `false:`,
			"^TestBroken$", "./internal/dev/templatecheck", "did not catch it",
		},
		{
			"a charge of another user of the account told by the watch", "internal/watch/watch.go",
			`if f.Kind == kind && f.Job != "" {`, `if f.Kind == kind {`,
			"^TestCharges$", "./internal/watch", "a paid one: told",
		},
		{
			"a finding that is told each hour", "internal/watch/watch.go",
			`about+"."+hex.EncodeToString(sum[:8])`, `about+"."+hex.EncodeToString(sum[:8])+w.Now().String()`,
			"^TestCharges$", "./internal/watch", "again: told",
		},
		{
			"a job taken for stuck while it waits", "internal/watch/watch.go",
			`times = append(times, p.Wait.At, p.Wait.NextAt)`, `times = append(times, p.Wait.At)`,
			"^TestStuck$", "./internal/watch", "late: told",
		},
		{
			"jobs of an older key that the watch leaves out", "internal/reconcile/gather/charged.go",
			`if err := s.older(ctx, &f); err != nil {`, `if err != nil {`,
			"^TestCharged$", "./internal/reconcile/gather", "those of an older key",
		},
	}
}
