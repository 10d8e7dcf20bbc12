package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/takeup/takeup/internal/video"
)

// parameters are a request's fields beside the prompt, as a person gives them.
// What is empty is left to the model.
type parameters struct {
	Model          string `help:"The model; by default kling-video/v1/pro/text-to-video."`
	Duration       string `help:"Seconds of video."`
	AspectRatio    string `help:"The video's shape, such as 16:9."`
	NegativePrompt string `help:"What the video should not show."`
	CfgScale       string `help:"How closely the prompt is followed, from 0 to 1."`
}

// request makes the request, with every wrong field named before anything is
// started or sent.
func (p parameters) request(prompt string) (video.Request, error) {
	fields := map[string]string{"prompt": prompt}
	for name, value := range map[string]string{
		"model": p.Model, "duration": p.Duration, "aspect_ratio": p.AspectRatio,
		"negative_prompt": p.NegativePrompt, "cfg_scale": p.CfgScale,
	} {
		if value != "" {
			fields[name] = value
		}
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return video.Request{}, fmt.Errorf("encoding the request: %w", err)
	}
	return video.ParseRequest(data)
}

// explain gives an error as people read it in a terminal: a refused request with
// a line for each wrong field.
func explain(err error) error {
	var invalid *video.InvalidRequest
	if !errors.As(err, &invalid) {
		return err
	}
	said := "the request can't be sent as it is; nothing was started or paid"
	for _, f := range invalid.Fields {
		said += "\n  " + strings.TrimSpace(f.Field+" "+f.Message)
	}
	return &explained{said: said, err: err}
}

// explained says an error in other words.
type explained struct {
	said string
	err  error
}

func (e *explained) Error() string { return e.said }

func (e *explained) Unwrap() error { return e.err }
