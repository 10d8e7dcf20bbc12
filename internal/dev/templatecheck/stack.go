package templatecheck

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/dev/template"
)

func stackRules() []rule {
	return []rule{
		{"references", existing},
		{"parameters", parameters},
		{"groups", groups},
		{"outputs", outputs},
		{"tables", tables},
		{"buckets", buckets},
		{"plain http", plainHTTP},
		{"uploads", uploads},
		{"routes", routes},
		{"throttles", throttles},
		{"deployments", deployments},
		{"error bodies", errorBodies},
		{"domain", domain},
		{"secrets", secrets},
		{"webhooks", webhooks},
		{"mails", mails},
	}
}

// existing: everything that is referred to exists.
func existing(p *Project, say report) {
	for _, name := range template.References(p.Template.Root) {
		base, _, _ := strings.Cut(name, ".")
		_, parameter := p.Template.Section("Parameters")[base]
		_, resource := p.Template.Section("Resources")[base]
		// SAM creates a function's role.
		role := slices.Contains(p.Template.Functions(), strings.TrimSuffix(base, "Role"))
		if !parameter && !resource && !role && !strings.HasPrefix(base, "AWS::") {
			say("%s is no parameter and no resource", name)
		}
	}
}

// parameters: each is used, has a description, and has bounds.
func parameters(p *Project, say report) {
	used := template.References([]any{p.Template.Root["Resources"], p.Template.Root["Conditions"], p.Template.Root["Globals"]})
	for _, name := range slices.Sorted(maps.Keys(p.Template.Section("Parameters"))) {
		parameter := p.Template.Section("Parameters")[name]
		if !slices.Contains(used, name) {
			say("%s is used nowhere", name)
		}
		if text, _ := template.At(parameter, "Description").(string); !strings.HasSuffix(text, ".") {
			say("%s has no description that is a sentence", name)
		}
		if template.At(parameter, "AllowedValues") != nil {
			if !slices.Contains(template.List(template.At(parameter, "AllowedValues")), template.At(parameter, "Default")) {
				say("the default of %s is none of its allowed values", name)
			}
			continue
		}
		if template.At(parameter, "ConstraintDescription") == nil {
			say("%s has no ConstraintDescription that says what it accepts", name)
		}
		switch template.At(parameter, "Type") {
		case "Number":
			least, ok1 := template.At(parameter, "MinValue").(int)
			most, ok2 := template.At(parameter, "MaxValue").(int)
			given, ok3 := template.At(parameter, "Default").(int)
			if !ok1 || !ok2 || !ok3 || given < least || given > most {
				say("%s needs a MinValue, a MaxValue and a Default between them", name)
			}
		default:
			if template.At(parameter, "AllowedPattern") == nil {
				say("%s has no AllowedPattern", name)
			}
		}
	}
}

// groups: sam deploy --guided and the console show every parameter in a group.
func groups(p *Project, say report) {
	var grouped []string
	for _, group := range template.List(template.At(p.Template.Root, "Metadata", "AWS::CloudFormation::Interface", "ParameterGroups")) {
		for _, name := range template.List(template.At(group, "Parameters")) {
			grouped = append(grouped, fmt.Sprint(name))
		}
	}
	slices.Sort(grouped)
	if want := slices.Sorted(maps.Keys(p.Template.Section("Parameters"))); !slices.Equal(grouped, want) {
		say("the groups name %q, and the parameters are %q", grouped, want)
	}
}

func outputs(p *Project, say report) {
	for _, name := range slices.Sorted(maps.Keys(p.Template.Section("Outputs"))) {
		if text, _ := template.At(p.Template.Section("Outputs")[name], "Description").(string); !strings.HasSuffix(text, ".") {
			say("%s has no description that is a sentence", name)
		}
	}
	for _, name := range []string{
		"ApiUrl", "ApiId", "ApiStage", "ApiTokenSecret", "ProviderKeySecret",
		"VideosBucket", "PromptsBucket", "StateMachineArn", "UnhandledPromptsUrl", "UntoldEventsUrl", "WebhooksUrl", "SlowWebhooksUrl", "UndeliveredWebhooksUrl", "WebhookSecret",
	} {
		if _, ok := p.Template.Section("Outputs")[name]; !ok {
			say("there is no output %s, which the command line and the tests read", name)
		}
	}
}

// outlives reports a resource that is deleted with its stack, or that stays behind after a
// failed deployment.
func outlives(p *Project, id string, say report) {
	resource := p.Template.Section("Resources")[id]
	if template.At(resource, "DeletionPolicy") != "RetainExceptOnCreate" || template.At(resource, "UpdateReplacePolicy") != "Retain" {
		say("%s is deleted with the stack, or is kept after a failed creation", id)
	}
}

// tables can be restored to any second of the last weeks, delete what expires, are protected if
// the parameter says so, cost nothing while idle, and outlive the stack.
func tables(p *Project, say report) {
	for _, id := range p.Template.OfType("AWS::DynamoDB::Table") {
		if p.Template.Property(id, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
			say("%s can't be restored", id)
		}
		if p.Template.Property(id, "TimeToLiveSpecification", "Enabled") != true || p.Template.Property(id, "TimeToLiveSpecification", "AttributeName") != "expires" {
			say("%s never deletes expired items", id)
		}
		if p.Template.Property(id, "DeletionProtectionEnabled") != template.Ref("TableDeletionProtection") {
			say("%s is not protected against deletion", id)
		}
		if p.Template.Property(id, "BillingMode") != "PAY_PER_REQUEST" {
			say("%s has provisioned capacity", id)
		}
		outlives(p, id, say)
	}
}

// buckets are private and encrypted, abort stale uploads, and outlive the stack.
func buckets(p *Project, say report) {
	for _, id := range p.Template.OfType("AWS::S3::Bucket") {
		for _, setting := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if p.Template.Property(id, "PublicAccessBlockConfiguration", setting) != true {
				say("%s could be made public: %s is not set", id, setting)
			}
		}
		if len(template.List(p.Template.Property(id, "BucketEncryption", "ServerSideEncryptionConfiguration"))) == 0 {
			say("%s is not encrypted", id)
		}
		if !slices.ContainsFunc(template.List(p.Template.Property(id, "LifecycleConfiguration", "Rules")), func(r any) bool {
			return template.At(r, "Status") == "Enabled" && template.At(r, "AbortIncompleteMultipartUpload", "DaysAfterInitiation") != nil
		}) {
			say("open multipart uploads in %s are never aborted", id)
		}
		outlives(p, id, say)
	}
	if p.Template.Property("PromptsBucket", "VersioningConfiguration", "Status") != "Enabled" {
		say("PromptsBucket keeps no versions, and a job's id comes from the version of its file")
	}
}

func plainHTTP(p *Project, say report) {
	for _, bucket := range p.Template.OfType("AWS::S3::Bucket") {
		refuses := func(id string) bool {
			return p.Template.Property(id, "Bucket") == template.Ref(bucket) &&
				slices.ContainsFunc(template.List(p.Template.Property(id, "PolicyDocument", "Statement")), func(s any) bool {
					return template.At(s, "Effect") == "Deny" && template.At(s, "Principal") == "*" && template.At(s, "Action") == "s3:*" &&
						slices.Equal(template.List(template.At(s, "Resource")), []any{template.GetAtt(bucket + ".Arn"), template.Sub("${" + bucket + ".Arn}/*")}) &&
						template.At(s, "Condition", "Bool", "aws:SecureTransport") == "false"
				})
		}
		if !slices.ContainsFunc(p.Template.OfType("AWS::S3::BucketPolicy"), refuses) {
			say("%s accepts plain HTTP", bucket)
		}
	}
}

// uploads: there is an event for every way in which an object gets into the prompts bucket, and
// an event that can't be handled is kept.
func uploads(p *Project, say report) {
	events, _ := p.Template.Property("PromptsFunction", "Events").(map[string]any)
	if len(events) != 1 {
		say("PromptsFunction has %d events, not one", len(events))
	}
	for _, name := range slices.Sorted(maps.Keys(events)) {
		properties := template.At(events[name], "Properties")
		if template.At(properties, "Bucket") != template.Ref("PromptsBucket") || template.At(properties, "Events") != "s3:ObjectCreated:*" {
			say("%s does not cover every upload to PromptsBucket", name)
		}
		if template.At(properties, "Filter") != nil {
			say("%s has a filter, and filters are case-sensitive (.TXT, .txt)", name)
		}
	}
	if template.At(p.Template.Property("PromptsFunction", "EventInvokeConfig"), "DestinationConfig", "OnFailure", "Destination") != template.GetAtt("UnhandledPrompts.Arn") {
		say("an event that can't be handled does not go to UnhandledPrompts")
	}
	if p.Template.Property("UnhandledPrompts", "MessageRetentionPeriod") != 1209600 {
		say("UnhandledPrompts does not keep its messages for 14 days, the longest that SQS does")
	}
}

// publicRoutes returns the routes without a token: the page, the API's description, and a
// browser's preflight request.
func publicRoutes() []string {
	routes := []string{"OPTIONS /{proxy+}"}
	for _, path := range []string{"/", "/assets/{proxy+}", "/openapi.json"} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
			routes = append(routes, method+" "+path)
		}
	}
	return routes
}

// routes: ApiFunction answers the public routes, and every method of all other paths, which
// require the token. Each route has a permission in ApiFunction's policy, whose size Lambda
// limits, so there are no more.
func routes(p *Project, say report) {
	open, want := map[string]bool{}, publicRoutes()
	for _, route := range want {
		open[route] = true
	}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		want = append(want, method+" /{proxy+}")
	}
	have := map[string]bool{}
	events, _ := p.Template.Property("ApiFunction", "Events").(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(events)) {
		properties := template.At(events[name], "Properties")
		route := fmt.Sprint(template.At(properties, "Method"), " ", template.At(properties, "Path"))
		have[route] = true
		if !slices.Contains(want, route) {
			say("%s is a route that is not needed", name)
		}
		if template.At(properties, "RestApiId") != template.Ref("Api") {
			say("%s is not a route of Api", name)
		}
		switch auth := template.At(properties, "Auth"); {
		case open[route] && template.At(auth, "Authorizer") != "NONE":
			say("%s requires the token", name)
		case !open[route] && auth != nil:
			say("%s is a route without Api's authorizer", name)
		}
	}
	for _, route := range want {
		if !have[route] {
			say("there is no route %s", route)
		}
	}
	authorizer := fmt.Sprint(p.Template.Property("Api", "Auth", "DefaultAuthorizer"))
	if p.Template.Property("Api", "Auth", "Authorizers", authorizer, "FunctionArn") != template.GetAtt("AuthorizeFunction.Arn") {
		say("AuthorizeFunction is not the default authorizer")
	}
}

// throttles: each method has a limit, and callers without a token can't use up the limit of
// those with one.
func throttles(p *Project, say report) {
	limits := map[string]any{}
	for _, s := range template.List(p.Template.Property("Api", "MethodSettings")) {
		path := fmt.Sprint(template.At(s, "ResourcePath"))
		if rest, escaped := strings.CutPrefix(path, "/~1"); escaped {
			path = "/" + strings.ReplaceAll(rest, "~1", "/")
		}
		route := fmt.Sprint(template.At(s, "HttpMethod"), " ", path)
		limits[route] = template.At(s, "ThrottlingRateLimit")
		if template.At(s, "ThrottlingBurstLimit") == nil || limits[route] == nil {
			say("%s has no limit", route)
		}
		// API Gateway's own execution logs would contain bodies, and thus prompts.
		if template.At(s, "LoggingLevel") != "OFF" || template.At(s, "DataTraceEnabled") != false {
			say("%s is logged by API Gateway", route)
		}
	}
	all := limits["* /*"]
	if all != template.Ref("ApiRequestsPerSecond") {
		say("the API's methods are not limited to ApiRequestsPerSecond")
	}
	for _, route := range publicRoutes() {
		if own, ok := limits[route]; !ok || own == all {
			say("%s needs no token and has no separate limit", route)
		}
	}
}

// deployments: SAM creates a new deployment of the API if its body changed, and doesn't notice a
// changed parameter.
func deployments(p *Project, say report) {
	if p.Template.Property("Api", "AlwaysDeploy") != true {
		say("a change of ApiCorsOrigin does not reach the stage; set AlwaysDeploy")
	}
}

// domain: the API is at the root of a custom domain, and the outputs say so.
func domain(p *Project, say report) {
	const mapping = "ApiDomainMapping"
	if p.Template.Property(mapping, "BasePath") != nil {
		say("%s prefixes the API's path", mapping)
	}
	if p.Template.Property(mapping, "RestApiId") != template.Ref("Api") || p.Template.Property(mapping, "Stage") != template.Ref("Api.Stage") {
		say("%s does not lead to Api's stage", mapping)
	}
	for name, end := range map[string]string{"ApiUrl": "", "PageUrl": "/"} {
		value, _ := template.At(p.Template.Section("Outputs")[name], "Value").(template.Function)
		args := template.List(value.Args)
		if value.Name != "If" || len(args) != 3 || args[0] != "OwnDomain" || args[1] != template.Sub("https://${DomainName}"+end) {
			say("%s is not https://DomainName%s if DomainName is set", name, end)
		}
	}
	for _, id := range []string{"ApiDomain", mapping} {
		if template.At(p.Template.Section("Resources")[id], "Condition") != "OwnDomain" {
			say("%s does not have the condition OwnDomain", id)
		}
	}
}

// errorBodies: API Gateway's own answers have the provider's shape and contain their status.
func errorBodies(p *Project, say report) {
	all, _ := p.Template.Property("Api", "GatewayResponses").(map[string]any)
	for _, kind := range []string{
		"MISSING_AUTHENTICATION_TOKEN", "UNAUTHORIZED", "ACCESS_DENIED", "THROTTLED", "QUOTA_EXCEEDED", "WAF_FILTERED",
		"REQUEST_TOO_LARGE", "INTEGRATION_TIMEOUT", "DEFAULT_4XX", "DEFAULT_5XX",
	} {
		if all[kind] == nil {
			say("there is no %s", kind)
		}
	}
	responses, err := p.Template.GatewayResponses(map[string]string{"ApiCorsOrigin": "https://example.com"})
	if err != nil {
		say("%v", err)
	}
	context := template.GatewayContext{Path: "/takeup/v2", RequestID: "c6af9ac6", Time: "21/Aug/2026:12:00:00 +0000", Message: `it's "wrong"`}
	for _, kind := range slices.Sorted(maps.Keys(responses)) {
		var body map[string]any
		if err := json.Unmarshal([]byte(responses[kind].Body(context)), &body); err != nil {
			say("%s is not JSON: %v", kind, err)
			continue
		}
		if want := []string{"message", "path", "requestId", "statusCode", "timestamp"}; !slices.Equal(slices.Sorted(maps.Keys(body)), want) {
			say("%s has %q, and the provider's errors have %q", kind, slices.Sorted(maps.Keys(body)), want)
		}
		if status := responses[kind].Status; body["statusCode"] != float64(status) {
			say("%s has the code %v in its body, and the status %v", kind, body["statusCode"], status)
		}
		if responses[kind].Headers["Access-Control-Allow-Origin"] != "https://example.com" {
			say("%s can't be read by pages from ApiCorsOrigin", kind)
		}
	}
}

// secrets: the key is never shown, and the token is generated at the deployment.
func secrets(p *Project, say report) {
	for _, name := range []string{"ProviderKey", "WebhookUrl"} {
		if template.At(p.Template.Section("Parameters")[name], "NoEcho") != true {
			say("%s has no NoEcho", name)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Template.Section("Resources"))) {
		if id != "ProviderKeySecret" && slices.Contains(template.References(p.Template.Section("Resources")[id]), "ProviderKey") {
			say("%s contains the provider's key; use the secret instead", id)
		}
	}
	generated := p.Template.Property("ApiTokenSecret", "GenerateSecretString")
	if length, _ := template.At(generated, "PasswordLength").(int); length < 40 || template.At(generated, "ExcludePunctuation") != true || template.At(generated, "GenerateStringKey") != "default" {
		say("ApiTokenSecret does not generate a token named default of at least 40 letters and digits")
	}
}
