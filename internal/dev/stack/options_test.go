package stack

import (
	"slices"
	"strings"
	"testing"
)

func TestParameters(t *testing.T) {
	simulator := Provider{BaseURL: "http://127.0.0.1:4000", Key: "k"}
	for _, test := range []struct {
		name     string
		provider Provider
		given    map[string]string
		want     map[string]string
		absent   []string
	}{
		{
			name: "a simulator", provider: simulator,
			want: map[string]string{
				"ProviderBaseUrl": "http://127.0.0.1:4000", "ProviderKey": "k", "Architecture": Architecture(),
				"FirstWaitSeconds": "2", "CheckIntervalSeconds": "2", "RequestGapSeconds": "1", "LoopbackSources": "true",
			},
		},
		{
			name: "a provider", provider: Provider{BaseURL: "https://api.example.com", Key: "k"},
			want:   map[string]string{"ProviderBaseUrl": "https://api.example.com"},
			absent: []string{"FirstWaitSeconds", "CheckIntervalSeconds", "LoopbackSources"},
		},
		{
			name: "a host that only begins like loopback", provider: Provider{BaseURL: "http://127.0.0.1.example.com", Key: "k"},
			absent: []string{"LoopbackSources"},
		},
		{
			name: "given ones go before", provider: simulator,
			given: map[string]string{"FirstWaitSeconds": "1", "ProviderRoute": "legacy"},
			want:  map[string]string{"FirstWaitSeconds": "1", "CheckIntervalSeconds": "2", "ProviderRoute": "legacy"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Options{Parameters: test.given}.parameters(test.provider)
			for name, want := range test.want {
				if got[name] != want {
					t.Errorf("%s is %q, want %q", name, got[name], want)
				}
			}
			for _, name := range test.absent {
				if value, ok := got[name]; ok {
					t.Errorf("%s is %q, want none", name, value)
				}
			}
		})
	}
}

func TestEnvironmentsKeepKeysAndAccountsOut(t *testing.T) {
	given := []string{
		"PATH=/bin", "HOME=/home/x", "GOPROXY=https://proxy.example.com", "GOFLAGS=-mod=mod", "GOOS=plan9", "GOARCH=arm",
		"AWS_PROFILE=production", "AWS_ACCESS_KEY_ID=AKIA", "AIMLAPI_KEY=secret", "PROMPT=private", "NO_PROXY=example.com",
		"LAMBDA_EXECUTOR=docker", "GATEWAY_PORT=1",
	}
	base, build := baseEnv(given), GoEnv(given)
	for _, env := range [][]string{base, build} {
		all := strings.Join(env, "\n")
		for _, word := range []string{"production", "AKIA", "secret", "private", "plan9", "-mod=mod", "docker", "GATEWAY_PORT"} {
			if strings.Contains(all, word) {
				t.Errorf("%q is passed on in\n%s", word, all)
			}
		}
		if !slices.Contains(env, "PATH=/bin") {
			t.Errorf("PATH is not passed on in\n%s", all)
		}
	}
	if slices.Contains(base, "GOPROXY=https://proxy.example.com") || !slices.Contains(build, "GOPROXY=https://proxy.example.com") {
		t.Error("Go's settings must reach the build, and nothing else")
	}
	if !slices.Contains(awsEnv("http://127.0.0.1:1"), "AWS_ENDPOINT_URL=http://127.0.0.1:1") {
		t.Error("the functions would call AWS itself")
	}
}

func TestCheckHostNamesMissingTools(t *testing.T) {
	root := t.TempDir()
	write(t, root, "template.yaml", "")
	err := checkHost(root)
	if err == nil || !strings.Contains(err.Error(), "ministack is not installed in .tools; run `make tools`") {
		t.Errorf("got %v", err)
	}
}
