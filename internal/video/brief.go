package video

import "strings"

// Brief is what a list shows of a request.
type Brief struct {
	Model       string
	Prompt      string // its beginning: BriefPrompt characters at most
	Duration    int    // seconds of video
	AspectRatio string
}

// BriefPrompt is how much of a prompt a Brief has, in characters.
const BriefPrompt = 200

// Brief gives what a list shows of the request. Of a list of prompts it has all.
func (r Request) Brief() Brief {
	b := Brief{Model: r.Model(), Prompt: r.Prompt(), Duration: r.Duration()}
	b.AspectRatio, _ = r.values["aspect_ratio"].(string)
	if b.Prompt == "" {
		shots, _ := r.values["multi_prompt"].([]any)
		b.Prompt = strings.Join(texts(shots), " / ")
	}
	n := 0
	for i := range b.Prompt {
		if n == BriefPrompt {
			b.Prompt = b.Prompt[:i]
			break
		}
		n++
	}
	return b
}
