package apitest

import (
	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
)

// The source and the date of the fake's price list.
const priceSource, priceDate = "https://api.example/v1/models?include=pricing", "2026-08-21"

func models() api.ModelList {
	list := api.ModelList{Object: "list", Default: catalogue.Default(all.Models()), Models: []api.Model{
		{
			Name: catalogue.Default(all.Models()), Durations: []int{5, 10},
			Price:   &api.Price{Kind: "fixed", Unit: "second", Variants: []api.Rate{{When: map[string]string{}, USD: "0.196", Unit: "second", Per: 1}}, Source: priceSource, Date: priceDate},
			Charged: []api.Charge{{Duration: 5, USD: "0.98"}},
			Usual:   []api.UsualTime{{Duration: 5, Seconds: 80}, {Duration: 10, Seconds: 150}},
		},
		{
			Name: "klingai/video-v3-pro-text-to-video", Durations: []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
			Price: &api.Price{Kind: "variants", Unit: "second", Variants: []api.Rate{
				{When: map[string]string{"generate_audio": "false"}, USD: "0.168", Unit: "second", Per: 1},
				{When: map[string]string{"generate_audio": "true"}, USD: "0.252", Unit: "second", Per: 1},
			}, Source: priceSource, Date: priceDate},
			Charged: []api.Charge{}, Usual: []api.UsualTime{},
		},
		{
			Name: "klingai/v2-master-text-to-video", Durations: []int{5, 10},
			Price:   &api.Price{Kind: "variable", Variants: []api.Rate{}, Source: priceSource, Date: priceDate},
			Charged: []api.Charge{{Duration: 10, USD: "2.5"}}, Usual: []api.UsualTime{},
		},
		{
			Name: "kling-video/v1/standard/text-to-video", Durations: []int{5, 10},
			Charged: []api.Charge{}, Usual: []api.UsualTime{},
		},
	}}
	for i := range list.Models {
		m := &list.Models[i]
		m.Type, m.Info = "video", api.ModelInfo{Name: m.Name, Developer: "Kling AI"}
		m.Aliases, m.Tags, m.Endpoints = []string{}, []string{}, []string{api.GenerationsPath}
	}
	return list
}
