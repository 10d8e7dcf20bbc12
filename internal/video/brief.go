package video

// Brief is the part of a request that lists show.
type Brief struct {
	Model       string
	Prompt      string // the first BriefPrompt characters at most
	Duration    int    // seconds of video
	AspectRatio string
}

// BriefPrompt is the length limit of a Brief's prompt, in characters.
const BriefPrompt = 200

// Brief returns the part of the request that lists show.
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
