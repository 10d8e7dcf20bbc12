package video

// CreditsPerUSD is the provider's rate: 1 USD is 2,000,000 credits.
// https://docs.aimlapi.com, as of 2026-08-21.
const CreditsPerUSD = 2_000_000

// Price is what a model's videos cost.
type Price struct {
	USDPerSecond float64 // of video
	Approximate  bool
	Source       string
	AsOf         string // the date of the source, as 2026-08-21
}

// Price gives what a video of the model costs, and false where that isn't known.
// It is a guess: the provider's documentation says of the default model that a
// video, of 5 seconds, costs in the order of 1 USD. Package price reads the
// provider's list.
func (m Model) Price() (Price, bool) {
	if m.Name != DefaultModel {
		return Price{}, false
	}
	return Price{USDPerSecond: 0.2, Approximate: true, Source: "the provider's documentation: in the order of 1 USD for a video of 5 s", AsOf: "2026-08-21"}, true
}
