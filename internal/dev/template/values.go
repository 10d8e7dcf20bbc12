package template

import (
	"fmt"
	"maps"
	"strings"
)

// BadOutput says that a stack's output is not valid for resolving the template's statements.
type BadOutput struct{ Name, Value string }

func (e *BadOutput) Error() string {
	return fmt.Sprintf("the stack's output %s is %q, which template.yaml does not produce; deploy the stack again", e.Name, e.Value)
}

// FromOutputs returns the Values of a deployed stack from its outputs, by name.
func FromOutputs(outputs map[string]string) (Values, error) {
	// arn:partition:states:region:account:stateMachine:name
	machine := strings.Split(outputs["StateMachineArn"], ":")
	if len(machine) != 7 || machine[5] != "stateMachine" {
		return nil, &BadOutput{Name: "StateMachineArn", Value: outputs["StateMachineArn"]}
	}
	partition, region, account := machine[1], machine[3], machine[4]
	values := Values{
		"AWS::Partition": partition, "AWS::Region": region, "AWS::AccountId": account,
		"TextToVideo": outputs["StateMachineArn"], "TextToVideo.Name": machine[6],
	}
	batch := strings.Split(outputs["BatchStateMachineArn"], ":")
	if len(batch) != 7 || batch[5] != "stateMachine" {
		return nil, &BadOutput{Name: "BatchStateMachineArn", Value: outputs["BatchStateMachineArn"]}
	}
	values["Batch"], values["Batch.Name"] = outputs["BatchStateMachineArn"], batch[6]
	for _, bucket := range []string{"VideosBucket", "PromptsBucket"} {
		if outputs[bucket] == "" {
			return nil, &BadOutput{Name: bucket}
		}
		values[bucket], values[bucket+".Arn"] = outputs[bucket], "arn:"+partition+":s3:::"+outputs[bucket]
	}
	if outputs["JobsTable"] == "" {
		return nil, &BadOutput{Name: "JobsTable"}
	}
	values["JobsTable"] = outputs["JobsTable"]
	values["JobsTable.Arn"] = strings.Join([]string{"arn", partition, "dynamodb", region, account, "table/" + outputs["JobsTable"]}, ":")
	if values["JobsTable.StreamArn"] = outputs["JobsTableStreamArn"]; outputs["JobsTableStreamArn"] == "" {
		values["JobsTable.StreamArn"] = values["JobsTable.Arn"] + "/stream/none" // an existing table may have none
	}
	for _, secret := range []string{"ProviderKeySecret", "ApiTokenSecret", "WebhookSecret"} {
		if !strings.HasPrefix(outputs[secret], "arn:") {
			return nil, &BadOutput{Name: secret, Value: outputs[secret]}
		}
		values[secret], values[secret+".Id"] = outputs[secret], outputs[secret]
	}
	values["WebhookUrlSecret.Id"] = outputs["WebhookUrlSecret"] // "" without a webhook of the stack
	// The keys of further providers.
	for name, arn := range outputs {
		if strings.HasSuffix(name, "KeySecret") && strings.HasPrefix(arn, "arn:") {
			values[name], values[name+".Id"] = arn, arn
		}
	}
	for _, queue := range []string{"UnhandledPrompts", "UntoldEvents", "Webhooks", "SlowWebhooks", "UndeliveredWebhooks"} {
		url := outputs[queue+"Url"]
		name := url[strings.LastIndex(url, "/")+1:]
		if name == "" {
			return nil, &BadOutput{Name: queue + "Url", Value: url}
		}
		values[queue] = url
		values[queue+".Arn"] = strings.Join([]string{"arn", partition, "sqs", region, account, name}, ":")
	}
	// Which parameter made the stack have a topic is the same to whoever reads the template.
	if topic := outputs["NotifyTopic"]; topic != "" {
		values["Notifications"], values["NotifyTopicArn"] = topic, topic
	}
	return values, nil
}

// AddParameters adds the values of a deployed stack's parameters. CloudFormation masks WebhookUrl, even
// if it is empty: whether there is one is told by the output of its secret.
func (v Values) AddParameters(parameters map[string]string) {
	maps.Copy(v, parameters)
	v["WebhookUrl"] = v["WebhookUrlSecret.Id"]
}

// AddFunctions adds the functions' names in a deployed stack, by logical id.
func (v Values) AddFunctions(names map[string]string) {
	for id, name := range names {
		v[id] = name
		v[id+".Arn"] = strings.Join([]string{"arn", v["AWS::Partition"], "lambda", v["AWS::Region"], v["AWS::AccountId"], "function", name}, ":")
	}
}
