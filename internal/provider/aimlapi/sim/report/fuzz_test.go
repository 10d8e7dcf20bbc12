package report

import "testing"

// A cursor is accepted only in its exact original form.
func FuzzCursor(f *testing.F) {
	f.Add(formatCursor(0))
	f.Add("eyJiIjoxLCJ2IjoxfQ")
	f.Add("!")
	f.Fuzz(func(t *testing.T, text string) {
		if before, ok := parseCursor(text); ok && (before < 0 || formatCursor(before) != text) {
			t.Errorf("%q was taken as %d", text, before)
		}
	})
}
