package term

import "testing"

func TestPlain(t *testing.T) {
	if got := Plain("a\r\n\x1b[2Jb\u009bc\u202e 🎬 "); got != "a [2Jb c 🎬" {
		t.Errorf("got %q", got)
	}
}
