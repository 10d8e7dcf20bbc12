package invoke

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/takeup/takeup/internal/dev/template"
)

// Effect says what a function will do with an event on a stack where videos cost money.
func Effect(name string, event []byte) string {
	var said struct {
		ID         string `json:"id"`
		Execution  string `json:"execution"`
		HTTPMethod string `json:"httpMethod"`
	}
	// The function rejects an event of another form.
	_ = json.Unmarshal(event, &said)
	switch name {
	case "submit":
		return fmt.Sprintf("It buys a video, at the price that takeup estimate shows, unless job %s was submitted before. No execution runs the job then; takeup redrive %[1]s resumes it.", said.Execution)
	case "check":
		return fmt.Sprintf("It polls the generation at the provider, and ends job %s if the generation has failed or is overdue.", said.ID)
	case "store":
		return fmt.Sprintf("It copies the video of job %s into the videos bucket.", said.ID)
	case "prices":
		return "It fetches the provider's price list and the account's balance, and stores them."
	case "watch":
		return "It tells on the event bus what needs a person, once for each matter, and writes what it saw."
	case "prompts":
		return "It starts a job for each prompt file in the event, unless it was started before. Each job buys a video, at the price that takeup estimate shows."
	case "api":
		if said.HTTPMethod == http.MethodGet || said.HTTPMethod == http.MethodHead {
			return "It answers the request, and changes nothing."
		}
		return "It executes the request: a POST for a video starts a job, which buys the video, at the price that takeup estimate shows."
	}
	return "It reads the API's token and answers; it changes nothing."
}

// Environments returns the variables of each function of the template in fsys, by logical id,
// for the stack of that name with these outputs and parameters.
func Environments(fsys fs.FS, stack string, outputs, parameters map[string]string) (map[string]map[string]string, error) {
	text, err := fs.ReadFile(fsys, "template.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w; run this in Takeup's repository", err)
	}
	t, err := template.Parse(text)
	if err != nil {
		return nil, err
	}
	values, err := template.FromOutputs(outputs)
	if err != nil {
		return nil, err
	}
	values.AddParameters(parameters)
	values["AWS::StackName"] = stack
	environments := map[string]map[string]string{}
	for _, id := range t.Functions() {
		if environments[id], err = t.Environment(id, values); err != nil {
			return nil, err
		}
	}
	return environments, nil
}
