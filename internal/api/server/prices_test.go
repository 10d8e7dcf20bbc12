package server_test

import (
	"context"
	"time"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/price"
	"github.com/takeup/takeup/internal/provider/all"
)

// clockwork is an Estimator: sixteen seconds for each second of video.
type clockwork struct{ unknown bool }

func (c clockwork) Usual(_ context.Context, _ string, duration int) (time.Duration, bool) {
	return time.Duration(duration) * 16 * time.Second, !c.unknown
}

func (c clockwork) Left(_ context.Context, _ string, duration int, elapsed time.Duration) (time.Duration, bool) {
	left := time.Duration(duration)*16*time.Second - elapsed
	return left, !c.unknown && left > 0
}

// Charged is 0.1 USD for each second of video, of the default model only.
func (c clockwork) Charged(_ context.Context, model string, duration int) (int64, bool) {
	if model != catalogue.Default(all.Models()) || c.unknown {
		return 0, false
	}
	return int64(duration) * 100_000, true
}

// priceList is a price list of some models.
type priceList struct{ list price.List }

func (l priceList) List(context.Context) price.List { return l.list }

func prices() priceList {
	list, err := price.Parse([]byte(`{"data":[
		{"id":"klingai/v1-pro","aliases":["`+catalogue.Default(all.Models())+`"],"pricing":{"kind":"fixed","units":[{"measure":"second","price":0.196,"per":1}]}},
		{"id":"klingai/video-v3-pro-text-to-video","pricing":{"kind":"variants","dimensions":["generate_audio"],"variants":[
			{"when":{"generate_audio":false},"price":0.168,"unit":"second","per":1},{"when":{"generate_audio":true},"price":0.252,"unit":"second","per":1}]}},
		{"id":"klingai/v2-master-text-to-video","pricing":{"kind":"variable"}},
		{"id":"klingai/v2.1-master-text-to-video","pricing":{"kind":"fixed","units":[{"measure":"token","price":2,"per":1000},{"measure":"video","price":"free"}]}}]}`),
		"https://provider.example/v1/models?include=pricing", at.Add(-time.Hour))
	if err != nil {
		panic(err)
	}
	return priceList{list}
}
