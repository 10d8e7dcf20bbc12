package aimlapi

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"You've run out of credits.":                                            "You've run out of credits.",
		"prompt must be shorter than 2500 characters":                           "prompt must be shorter than 2500 characters",
		"generation 60ac7c34-3224-4b14-8e7d-0aa0db708325 expired":               "generation 60ac7c34-3224-4b14-8e7d-0aa0db708325 expired",
		"60ac7c34-3224-4b14-8e7d-0aa0db708325:kling-video/v1/pro/text-to-video": "60ac7c34-3224-4b14-8e7d-0aa0db708325:kling-video/v1/pro/text-to-video",
		"see https://aimlapi.com/app/billing":                                   "see https://aimlapi.com/app/billing",
		"see https://cdn.example/v.mp4?ksSign=ab&ksTime=1 now":                  "see https://cdn.example/v.mp4?[query] now",
		"see https://cdn.example/v.mp4#frag":                                    "see https://cdn.example/v.mp4?[query]",
		"see HTTPS://CDN.example/v.mp4?X-Amz-Signature=ab":                      "see HTTPS://CDN.example/v.mp4?[query]",
		`{"url":"https://cdn.example/v.mp4?sig=ab","code":7}`:                   `{"url":"https://cdn.example/v.mp4?[query]","code":7}`,
		"s3://bucket/key?versionId=1":                                           "s3://bucket/key?[query]",
		"https://user:pass@cdn.example/v.mp4":                                   "https://cdn.example/v.mp4",
		"Incorrect API key provided: 0123456789abcdef0123456789abcdef.":         "Incorrect API key provided: [key].",
		"Authorization: Bearer abcdef":                                          "Authorization: [key]",
		"sent Bearer abc.def-ghi_jkl":                                           "sent Bearer [key]",
		"api_key=abc; x-api-key: def":                                           "api_key=[key]; x-api-key: [key]",
		`{"apiKey": "abc", "token":"def"}`:                                      `{"apiKey": "[key]", "token":"[key]"}`,
		`{\"secret\":\"abc\"}`:                                                  `{\"secret\":\"[key]\"}`,
		"eyJhbGciOi.eyJzdWIi.c2ln is expired":                                   "[key] is expired",
		"AKIAIOSFODNN7EXAMPLE0123":                                              "[key]",
		"sk-proj-0123456789":                                                    "[key]",
	} {
		if got := clean(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// Text is cut where no part of a secret remains.
func TestLineIsShort(t *testing.T) {
	secret := strings.Repeat("s3cr3tS3CR3T", 10)
	for _, before := range []int{0, 10, 480, 499, maxRead - 20, maxRead - 1, maxRead + 5} {
		got := line(strings.Repeat("x ", before/2) + secret + " and so on")
		if strings.Contains(got, "s3cr3t") {
			t.Errorf("after %d bytes: %q", before, got)
		}
		fit(t, got)
	}
}

// No key, token or signature of a known form remains, whatever surrounds it.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", " ", "https://", `{"message":"`, "token=", "://@", "?", "a://b", "\xff", "[key", "Bearer"} {
		f.Add(seed, seed)
	}
	const signed, key, token = "https://cdn.example/v.mp4?sig=s1gnatur3", "0123456789abcdef0123456789abcdef", "Bearer t0k3n-t0k3n"
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, secret := range []string{signed, key, token} {
			text := before + " " + secret + " " + after
			got := line(text)
			fit(t, got)
			for _, part := range []string{"s1gnatur3", key, "t0k3n-t0k3n"} {
				if strings.Contains(got, part) && !strings.Contains(before+after, part) {
					t.Errorf("%q shows %s", got, part)
				}
			}
			if raw, err := json.Marshal(text); err == nil && strings.Contains(words(raw), "s1gnatur3") && !strings.Contains(before+after, "s1gnatur3") {
				t.Errorf("%s shows it", raw)
			}
		}
	})
}

func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"7", `"7"`, `" 7.5 "`, "-1", "1e300", `"NaN"`, `"Inf"`, "null", "{}", `""`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var n number
		if json.Unmarshal(data, &n) == nil && n.whole() < 0 {
			t.Errorf("%s is %d", data, n.whole())
		}
	})
}
