package changes

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/takeup/takeup/test/harness/checkout"
)

const (
	modelsFile    = "internal/provider/aimlapi/models/models.jsonl"
	outcomesFile  = "internal/video/outcomes.go"
	machineFile   = "statemachine/text_to_video.asl.json"
	templateFile  = "template.yaml"
	settingsFile  = "internal/lambdaenv/settings/settings.go"
	settingsTest  = "internal/lambdaenv/settings/settings_test.go"
	accountsFile  = "internal/lambdaenv/accounts/accounts.go"
	allFile       = "internal/provider/all/all.go"
	keysFile      = "internal/bucket/objectkey/objectkey.go"
	operatorsFile = "docs/operations.md"
	keysTest      = "internal/bucket/objectkey/objectkey_test.go"
)

// change is a change of the repository.
type change struct {
	edits []edit
	// probe is a file of testdata that is run as a test in package all_test. It shows what has
	// followed from the change.
	probe string
	// generated are the generated files that must have a text now.
	generated map[string]string
	renew     []string // packages whose tests write generated files with -update
	tests     []string // further packages to test
}

// edit replaces each occurrence of a text in a file. Without an old text it appends, and creates
// the file if there is none.
type edit struct {
	file, old, new string
	times          int // how often old occurs
}

// TestAParameterOfAModel adds a parameter to one model.
func TestAParameterOfAModel(t *testing.T) {
	demonstrate(t, change{
		edits: []edit{{modelsFile, `"legacy": true, "price": {"kind": "fixed", "unit": "second", "usd": 0.196}, "parameters": {`,
			`"legacy": true, "price": {"kind": "fixed", "unit": "second", "usd": 0.196}, "parameters": {"grain": {"type": "integer", "title": "Film grain", "about": "how grainy the picture is", "minimum": 0, "maximum": 9}, `, 1}},
		probe:     "parameter.go.txt",
		generated: map[string]string{"docs/models.md": "grain", "docs/cli.md": "--grain number", "internal/cli/testdata/models.golden": "--grain"},
		renew:     []string{"./docs", "./internal/api/server", "./internal/batch", "./internal/cli"},
		tests:     []string{"./internal/catalogue", "./internal/price", "./internal/provider/..."},
	})
}

// TestAModel adds a model.
func TestAModel(t *testing.T) {
	demonstrate(t, change{
		edits: []edit{{modelsFile, "", `{"name": "acme/reel-1", "maker": "Acme", "price": {"kind": "fixed", "unit": "second", "usd": 0.1}, ` +
			`"parameters": {"prompt": {"required": true}, "duration": {"enum": [4, 8], "default": 4}}}` + "\n", 0}},
		probe:     "model.go.txt",
		generated: map[string]string{"docs/models.md": "acme/reel-1", "internal/api/server/testdata/models.golden": "acme/reel-1"},
		renew:     []string{"./docs", "./internal/api/server", "./internal/batch", "./internal/cli"},
		tests:     []string{"./internal/catalogue", "./internal/price", "./internal/provider/..."},
	})
}

// TestAnOutcome adds an outcome that steps return.
func TestAnOutcome(t *testing.T) {
	const first = "\t\trow[InvalidRequest](OutcomeKind{"
	demonstrate(t, change{
		edits: []edit{
			{outcomesFile, first, `		row[Postponed](OutcomeKind{
			Title: "The provider postponed it", Meaning: "the provider postponed the generation for good",
			Paid: PaidNo, Money: budget.Failed,
			Advice: "redrive",
			Alone:  "run it again later",
		}),
` + first, 1},
			{outcomesFile, "", `
// Postponed ends a job whose generation the provider postponed for good. Nothing was paid.
type Postponed struct {
	Said string ` + "`json:\"said\"`" + ` // the provider's message
}

func (e *Postponed) Error() string {
	return "the provider postponed the generation for good and nothing was paid; redrive the job to submit it again" + said(e.Said)
}

func (e *Postponed) forget() { e.Said = "" }
`, 0},
			{machineFile, `            "InvalidRequest",` + "\n", `            "InvalidRequest",` + "\n" + `            "Postponed",` + "\n", 3},
			{operatorsFile, "| `InvalidRequest` |", "| `Postponed` | `takeup get ID` | `takeup redrive ID` later |\n| `InvalidRequest` |", 1},
		},
		generated: map[string]string{
			"docs/outcomes.md": "| `Postponed` | the provider postponed", "internal/api/page/assets/words.js": `Postponed: "The provider postponed it"`,
			"internal/video/testdata/outcomes.json": "Postponed", "docs/cost.md": "The stack has 40 [metrics]",
		},
		renew: []string{"./docs", "./internal/api/page", "./internal/video"},
		tests: []string{"./internal/reconcile/...", "./internal/dev/templatecheck"},
	})
}

// TestASecondProvider adds a provider, which has a model and a key of its own.
func TestASecondProvider(t *testing.T) {
	const (
		secret    = "              Resource: !GetAtt ProviderKeySecret.Id\n"
		statement = "            - Effect: Allow\n              Action: secretsmanager:GetSecretValue\n              Resource: !GetAtt StudioKeySecret.Id\n"
		variable  = "          PROVIDER_ROUTE: !Ref ProviderRoute\n"
		field     = "\tKeySecret string        `env:\"PROVIDER_KEY_SECRET,required\"`\n"
		account   = "\t\t{Provider: aimlapi.New(own), Keys: secret.New(secrets, set.KeySecret)},\n"
	)
	demonstrate(t, change{
		edits: []edit{
			{"internal/provider/studio/studio.go", "", text(t, "studio.go.txt"), 0},
			{"internal/provider/studio/models/models.go", "", text(t, "studiomodels.go.txt"), 0},
			{allFile, "\t\tmodels.Catalogue{},\n", "\t\tmodels.Catalogue{},\n\t\tstudio.Catalogue{},\n", 1},
			{allFile, "aimlapi/models\"\n", "aimlapi/models\"\n\tstudio \"github.com/takeup/takeup/internal/provider/studio/models\"\n", 1},
			{accountsFile, account, account + "\t\t{Provider: studio.New(), Keys: secret.New(secrets, set.StudioKeySecret)},\n", 1},
			{accountsFile, "provider/aimlapi\"\n", "provider/aimlapi\"\n\t\"github.com/takeup/takeup/internal/provider/studio\"\n", 1},
			{settingsFile, field, field + "\tStudioKeySecret string `env:\"STUDIO_KEY_SECRET,required\"`\n", 1},
			{"internal/cli/stack_test.go", "\"ProviderKeySecret\": \"key\",", "\"ProviderKeySecret\": \"key\", \"StudioKeySecret\": \"arn:aws:secretsmanager:eu-west-1:1:secret:studio\",", 1},
			{"docs/architecture.md", "| `internal/provider/aimlapi/sim` |", "| `internal/provider/studio` | the adapter of the studio; `models` has its models |\n| `internal/provider/aimlapi/sim` |", 1},
			{templateFile, "\n  ChangeProviderKey:\n", "\n  StudioKeySecret:\n    Description: The ARN of the secret that holds the studio's key.\n    Value: !GetAtt StudioKeySecret.Id\n  ChangeProviderKey:\n", 1},
			{settingsTest, "\"PROVIDER_ROUTE\": \"legacy\", ", "\"PROVIDER_ROUTE\": \"legacy\", \"STUDIO_KEY_SECRET\": \"arn\", ", 1},
			{settingsTest, "\"PROVIDER_ROUTE\", \"PROVIDER_KEY_SECRET\", ", "\"PROVIDER_ROUTE\", \"PROVIDER_KEY_SECRET\", \"STUDIO_KEY_SECRET\", ", 1},
			{templateFile, "[ProviderKey, ProviderBaseUrl, ProviderRoute]", "[ProviderKey, StudioKey, ProviderBaseUrl, ProviderRoute]", 1},
			{templateFile, "\n  ProviderBaseUrl:\n    Type: String\n", "\n  StudioKey:\n    Type: String\n    NoEcho: true\n    Description: The key of the studio.\n" +
				"    MinLength: 1\n    AllowedPattern: ^[\\x21-\\x7E]+$\n    ConstraintDescription: must be the bare key\n" +
				"  ProviderBaseUrl:\n    Type: String\n", 1},
			{templateFile, "  # The secrets\n", "  # The secrets\n\n  StudioKeySecret:\n    Type: AWS::SecretsManager::Secret\n    Properties:\n      SecretString: !Ref StudioKey\n", 1},
			{templateFile, variable, variable + "          STUDIO_KEY_SECRET: !GetAtt StudioKeySecret.Id\n", 4},
			{templateFile, secret, secret + statement, 5},
		},
		probe:     "provider.go.txt",
		generated: map[string]string{"docs/models.md": "studio/feature", "docs/settings.md": "`StudioKey`"},
		renew:     []string{"./docs", "./internal/api/server", "./internal/cli"},
		tests:     []string{"./internal/provider/...", "./internal/lambdaenv/...", "./internal/dev/templatecheck"},
	})
}

// TestADateInTheKeys stores videos under keys that begin with the date of the job.
func TestADateInTheKeys(t *testing.T) {
	const day = ", CreatedAt: time.Date(2026, 8, 21, 0, 0, 0, 0, time.UTC)}"
	demonstrate(t, change{
		edits: []edit{
			{keysFile, "\t\"strings\"\n", "\t\"strings\"\n\t\"time\"\n", 1},
			{keysFile, "return Videos + job.ID + ", "return Videos + job.CreatedAt.UTC().Format(date) + job.ID + ", 1},
			{keysFile, `	id, _, _ := strings.Cut(path, "/")
	return video.Locator{ID: id}
`, `	at, err := time.Parse(date, path[:min(len(date), len(path))])
	if err != nil {
		return video.Locator{}
	}
	id, _, _ := strings.Cut(path[len(date):], "/")
	return video.Locator{ID: id, CreatedAt: at}
`, 1},
			{keysFile, "", "\n// date is the form of the date in a job's directory.\nconst date = \"2006/01/02/\"\n", 0},
			{keysTest, `"videos/a/video.`, `"videos/2026/08/21/a/video.`, 6},
			{keysTest, `"videos/a-b_9/video`, `"videos/2026/08/21/a-b_9/video`, 1},
			{keysTest, `"videos/a/poster.`, `"videos/2026/08/21/a/poster.`, 2},
			{keysTest, `Job: video.Locator{ID: "a"}`, `Job: video.Locator{ID: "a"` + day, 2},
			{keysTest, `Job: video.Locator{ID: "a-b_9"}`, `Job: video.Locator{ID: "a-b_9"` + day, 1},
		},
		generated: map[string]string{"internal/cli/testdata/forget.golden": "videos/2026/08/21/"},
		renew:     []string{"./internal/cli"},
		tests: []string{
			"./internal/api/...", "./internal/bucket/...", "./internal/dev/invoke", "./internal/dev/policy", "./internal/jobs/...",
			"./internal/reconcile/...", "./internal/pipeline", "-skip=" + plays,
		},
	})
}

// plays are the long plays of package pipeline, which take minutes.
const plays = "Every|TwoSubmits|StoppedAndSettled|Cancel|Redrive|Retried|Paused|Forgotten|BegunAnew|GivenInOrder|PlaysRun"

// demonstrate makes a change in a copy of the repository, and runs what has to follow.
func demonstrate(t *testing.T, c change) {
	t.Helper()
	dir := checkout.New(t, "../../..")
	before := sums(t, dir)
	var edited []string
	for _, e := range c.edits {
		apply(t, filepath.Join(dir, e.file), e)
		edited = append(edited, e.file)
	}
	if out, err := run(t, dir, slices.Concat(c.renew, []string{"-update"})); err != nil {
		t.Errorf("renewing the generated files: %v\n%s", err, out)
	}
	for file, sum := range sums(t, dir) {
		if before[file] != sum && !slices.Contains(edited, file) && !isGenerated(file) {
			t.Errorf("%s had to change, too", file)
		}
	}
	for file, want := range c.generated {
		if data, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s does not have %q: %v", file, want, err)
		}
	}
	if c.probe != "" {
		apply(t, filepath.Join(dir, "internal/provider/all/probe_test.go"), edit{new: text(t, c.probe)})
	}
	if out, err := run(t, dir, slices.Concat(c.renew, c.tests)); err != nil {
		t.Errorf("testing what the change concerns: %v\n%s", err, out)
	}
}

// isGenerated reports whether -update writes a file.
func isGenerated(file string) bool {
	return strings.HasSuffix(file, ".golden") || slices.Contains([]string{
		"docs/cli.md", "docs/cost.md", "docs/models.md", "docs/outcomes.md", "docs/settings.md",
		"internal/api/page/assets/words.js", "internal/api/server/openapi.json", "internal/video/testdata/outcomes.json",
	}, file)
}

func apply(t *testing.T, path string, e edit) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil && (e.old != "" || !os.IsNotExist(err)) {
		t.Fatal(err)
	}
	edited := string(data) + e.new
	if e.old != "" {
		if n := strings.Count(string(data), e.old); n != e.times {
			t.Fatalf("%s has %q %d times, not %d times", e.file, e.old, n, e.times)
		}
		edited = strings.ReplaceAll(string(data), e.old, e.new)
	}
	if err := os.WriteFile(path, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run tests packages in a copy, with the flags of the functions' build, so that packages which
// the change doesn't concern are compiled already.
func run(t *testing.T, dir string, args []string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"test", "-trimpath"}, args...)...)
	cmd.Dir, cmd.Env = dir, checkout.Env(dir, "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// sums returns the checksums of the files of a copy.
func sums(t *testing.T, dir string) map[string][sha256.Size]byte {
	t.Helper()
	all := map[string][sha256.Size]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, path))
		all[path] = sha256.Sum256(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// text reads a file of testdata.
func text(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
