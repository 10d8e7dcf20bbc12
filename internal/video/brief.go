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

// Text is the request's prompt or, of a list of them, all.
func (r Request) Text() string {
	if prompt := r.Prompt(); prompt != "" {
		return prompt
	}
	var prompts []string
	shots, _ := r.values["multi_prompt"].([]any)
	for _, shot := range shots {
		if fields, ok := shot.(map[string]any); ok {
			shot = fields["prompt"]
		}
		if prompt, ok := shot.(string); ok {
			prompts = append(prompts, prompt)
		}
	}
	return strings.Join(prompts, " / ")
}

// Brief gives what a list shows of the request.
func (r Request) Brief() Brief {
	b := Brief{Model: r.Model(), Prompt: r.Text(), Duration: r.Duration()}
	b.AspectRatio, _ = r.values["aspect_ratio"].(string)
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
