package template

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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
	}
}

// existing: everything that is referred to is there.
func existing(p *Project, say report) {
	for _, name := range references(p.Template.root) {
		base, _, _ := strings.Cut(name, ".")
		_, parameter := p.Template.section("Parameters")[base]
		_, resource := p.Template.section("Resources")[base]
		// SAM makes a function's role.
		role := slices.Contains(p.Template.Functions(), strings.TrimSuffix(base, "Role"))
		if !parameter && !resource && !role && !strings.HasPrefix(base, "AWS::") {
			say("%s is no parameter and no resource", name)
		}
	}
}

// parameters: each is used, says what it is for, and has bounds.
func parameters(p *Project, say report) {
	used := references([]any{p.Template.root["Resources"], p.Template.root["Conditions"], p.Template.root["Globals"]})
	for _, name := range sortedKeys(p.Template.section("Parameters")) {
		parameter := p.Template.section("Parameters")[name]
		if !slices.Contains(used, name) {
			say("%s is used nowhere", name)
		}
		if text, _ := at(parameter, "Description").(string); !strings.HasSuffix(text, ".") {
			say("%s has no description that is a sentence", name)
		}
		if at(parameter, "AllowedValues") != nil {
			if !slices.Contains(list(at(parameter, "AllowedValues")), at(parameter, "Default")) {
				say("the default of %s is none of its allowed values", name)
			}
			continue
		}
		if at(parameter, "ConstraintDescription") == nil {
			say("%s does not say what it takes when it is refused", name)
		}
		switch at(parameter, "Type") {
		case "Number":
			least, ok1 := at(parameter, "MinValue").(int)
			most, ok2 := at(parameter, "MaxValue").(int)
			given, ok3 := at(parameter, "Default").(int)
			if !ok1 || !ok2 || !ok3 || given < least || given > most {
				say("%s needs a MinValue, a MaxValue and a Default between them", name)
			}
		default:
			if at(parameter, "AllowedPattern") == nil {
				say("%s has no AllowedPattern", name)
			}
		}
	}
}

// groups: sam deploy --guided and the console show every parameter in a group.
func groups(p *Project, say report) {
	var grouped []string
	for _, group := range list(at(p.Template.root, "Metadata", "AWS::CloudFormation::Interface", "ParameterGroups")) {
		for _, name := range list(at(group, "Parameters")) {
			grouped = append(grouped, fmt.Sprint(name))
		}
	}
	slices.Sort(grouped)
	if want := sortedKeys(p.Template.section("Parameters")); !slices.Equal(grouped, want) {
		say("the groups name %q, and the parameters are %q", grouped, want)
	}
}

func outputs(p *Project, say report) {
	for _, name := range sortedKeys(p.Template.section("Outputs")) {
		if text, _ := at(p.Template.section("Outputs")[name], "Description").(string); !strings.HasSuffix(text, ".") {
			say("%s has no description that is a sentence", name)
		}
	}
	for _, name := range []string{
		"ApiUrl", "ApiId", "ApiStage", "ApiTokenSecret", "ProviderKeySecret",
		"VideosBucket", "PromptsBucket", "StateMachineArn", "UnhandledPromptsUrl",
	} {
		if _, ok := p.Template.section("Outputs")[name]; !ok {
			say("there is no output %s, which the command line and the tests read", name)
		}
	}
}

// outlives says where a resource goes with its stack, or stays behind after a deploy
// that failed.
func outlives(p *Project, id string, say report) {
	resource := p.Template.section("Resources")[id]
	if at(resource, "DeletionPolicy") != "RetainExceptOnCreate" || at(resource, "UpdateReplacePolicy") != "Retain" {
		say("%s does not outlive the stack, or outlives one that could not be made", id)
	}
}

// tables can be restored to any second of the last weeks, delete what expires, are
// protected where the parameter says so, cost nothing while nothing happens, and outlive the stack.
func tables(p *Project, say report) {
	for _, id := range p.Template.ofType("AWS::DynamoDB::Table") {
		if p.Template.property(id, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
			say("%s can't be restored", id)
		}
		if p.Template.property(id, "TimeToLiveSpecification", "Enabled") != true || p.Template.property(id, "TimeToLiveSpecification", "AttributeName") != "expires" {
			say("%s keeps for good what expires", id)
		}
		if p.Template.property(id, "DeletionProtectionEnabled") != Ref("TableDeletionProtection") {
			say("%s is not protected against its deletion", id)
		}
		if p.Template.property(id, "BillingMode") != "PAY_PER_REQUEST" {
			say("%s is paid by the hour", id)
		}
		outlives(p, id, say)
	}
}

// buckets are private, encrypted, swept of open uploads, and outlive the stack.
func buckets(p *Project, say report) {
	for _, id := range p.Template.ofType("AWS::S3::Bucket") {
		for _, setting := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if p.Template.property(id, "PublicAccessBlockConfiguration", setting) != true {
				say("%s could be made public: %s is not set", id, setting)
			}
		}
		if len(list(p.Template.property(id, "BucketEncryption", "ServerSideEncryptionConfiguration"))) == 0 {
			say("%s is not encrypted", id)
		}
		if !slices.ContainsFunc(list(p.Template.property(id, "LifecycleConfiguration", "Rules")), func(r any) bool {
			return at(r, "Status") == "Enabled" && at(r, "AbortIncompleteMultipartUpload", "DaysAfterInitiation") != nil
		}) {
			say("open multipart uploads in %s are never ended", id)
		}
		outlives(p, id, say)
	}
	if p.Template.property("PromptsBucket", "VersioningConfiguration", "Status") != "Enabled" {
		say("PromptsBucket keeps no versions, and a job's id comes from the version of its file")
	}
}

func plainHTTP(p *Project, say report) {
	for _, bucket := range p.Template.ofType("AWS::S3::Bucket") {
		refuses := func(id string) bool {
			return p.Template.property(id, "Bucket") == Ref(bucket) &&
				slices.ContainsFunc(list(p.Template.property(id, "PolicyDocument", "Statement")), func(s any) bool {
					return at(s, "Effect") == "Deny" && at(s, "Principal") == "*" && at(s, "Action") == "s3:*" &&
						slices.Equal(list(at(s, "Resource")), []any{GetAtt(bucket + ".Arn"), Sub("${" + bucket + ".Arn}/*")}) &&
						at(s, "Condition", "Bool", "aws:SecureTransport") == "false"
				})
		}
		if !slices.ContainsFunc(p.Template.ofType("AWS::S3::BucketPolicy"), refuses) {
			say("%s takes plain HTTP", bucket)
		}
	}
}

// uploads: every way that an object comes into the prompts bucket is told of,
// and an event that can't be handled is kept.
func uploads(p *Project, say report) {
	events, _ := p.Template.property("PromptsFunction", "Events").(map[string]any)
	if len(events) != 1 {
		say("PromptsFunction has %d events, not one", len(events))
	}
	for _, name := range sortedKeys(events) {
		properties := at(events[name], "Properties")
		if at(properties, "Bucket") != Ref("PromptsBucket") || at(properties, "Events") != "s3:ObjectCreated:*" {
			say("%s is not every upload to PromptsBucket", name)
		}
		if at(properties, "Filter") != nil {
			say("%s has a filter, and filters tell .TXT from .txt", name)
		}
	}
	if at(p.Template.property("PromptsFunction", "EventInvokeConfig"), "DestinationConfig", "OnFailure", "Destination") != GetAtt("UnhandledPrompts.Arn") {
		say("an event that can't be handled does not go to UnhandledPrompts")
	}
	if p.Template.property("UnhandledPrompts", "MessageRetentionPeriod") != 1209600 {
		say("UnhandledPrompts does not keep its messages for 14 days, the longest that SQS does")
	}
}

// publicRoutes need no token: the page, the API's description, and a browser's
// question whether it may send the token.
func publicRoutes() []string {
	routes := []string{"OPTIONS /{proxy+}"}
	for _, path := range []string{"/", "/assets/{proxy+}", "/openapi.json"} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
			routes = append(routes, method+" "+path)
		}
	}
	return routes
}

// routes: ApiFunction answers the public routes, and every method of all other
// paths, for which the token is asked for. Each route has a permission in
// ApiFunction's policy, which Lambda limits, so that there are no more.
func routes(p *Project, say report) {
	open, want := map[string]bool{}, publicRoutes()
	for _, route := range want {
		open[route] = true
	}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		want = append(want, method+" /{proxy+}")
	}
	have := map[string]bool{}
	events, _ := p.Template.property("ApiFunction", "Events").(map[string]any)
	for _, name := range sortedKeys(events) {
		properties := at(events[name], "Properties")
		route := fmt.Sprint(at(properties, "Method"), " ", at(properties, "Path"))
		have[route] = true
		if !slices.Contains(want, route) {
			say("%s is a route that is not needed", name)
		}
		if at(properties, "RestApiId") != Ref("Api") {
			say("%s is not a route of Api", name)
		}
		switch auth := at(properties, "Auth"); {
		case open[route] && at(auth, "Authorizer") != "NONE":
			say("%s asks for the token", name)
		case !open[route] && auth != nil:
			say("%s is a route without Api's authorizer", name)
		}
	}
	for _, route := range want {
		if !have[route] {
			say("there is no route %s", route)
		}
	}
	authorizer := fmt.Sprint(p.Template.property("Api", "Auth", "DefaultAuthorizer"))
	if p.Template.property("Api", "Auth", "Authorizers", authorizer, "FunctionArn") != GetAtt("AuthorizeFunction.Arn") {
		say("AuthorizeFunction is not asked by default")
	}
}

// throttles: each method has a limit, and whoever has no token can't use up that
// of those who have it.
func throttles(p *Project, say report) {
	limits := map[string]any{}
	for _, s := range list(p.Template.property("Api", "MethodSettings")) {
		path := fmt.Sprint(at(s, "ResourcePath"))
		if rest, escaped := strings.CutPrefix(path, "/~1"); escaped {
			path = "/" + strings.ReplaceAll(rest, "~1", "/")
		}
		route := fmt.Sprint(at(s, "HttpMethod"), " ", path)
		limits[route] = at(s, "ThrottlingRateLimit")
		if at(s, "ThrottlingBurstLimit") == nil || limits[route] == nil {
			say("%s has no limit", route)
		}
		// API Gateway's own execution logs would hold bodies, and so prompts.
		if at(s, "LoggingLevel") != "OFF" || at(s, "DataTraceEnabled") != false {
			say("%s is logged by API Gateway", route)
		}
	}
	all := limits["* /*"]
	if all != Ref("ApiRequestsPerSecond") {
		say("the API's methods are not limited to ApiRequestsPerSecond")
	}
	for _, route := range publicRoutes() {
		if own, ok := limits[route]; !ok || own == all {
			say("%s needs no token and has no limit of its own", route)
		}
	}
}

// deployments: SAM makes a new deployment of the API where its body changed, and
// doesn't see a changed parameter.
func deployments(p *Project, say report) {
	if p.Template.property("Api", "AlwaysDeploy") != true {
		say("a change of ApiCorsOrigin does not reach the stage; set AlwaysDeploy")
	}
}

// domain: the API is at the root of a domain of one's own, and the outputs say so.
func domain(p *Project, say report) {
	const mapping = "ApiDomainMapping"
	if p.Template.property(mapping, "BasePath") != nil {
		say("%s puts a path before the API's", mapping)
	}
	if p.Template.property(mapping, "RestApiId") != Ref("Api") || p.Template.property(mapping, "Stage") != Ref("Api.Stage") {
		say("%s does not lead to Api's stage", mapping)
	}
	for name, end := range map[string]string{"ApiUrl": "", "PageUrl": "/"} {
		value, _ := at(p.Template.section("Outputs")[name], "Value").(Function)
		args := list(value.Args)
		if value.Name != "If" || len(args) != 3 || args[0] != "OwnDomain" || args[1] != Sub("https://${DomainName}"+end) {
			say("%s is not https://DomainName%s where there is one", name, end)
		}
	}
	for _, id := range []string{"ApiDomain", mapping} {
		if at(p.Template.section("Resources")[id], "Condition") != "OwnDomain" {
			say("%s is not made under OwnDomain", id)
		}
	}
}

// errorBodies: what API Gateway answers by itself has the provider's shape, and
// says the status that it has.
func errorBodies(p *Project, say report) {
	all, _ := p.Template.property("Api", "GatewayResponses").(map[string]any)
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
	context := GatewayContext{Path: "/takeup/v2", RequestID: "c6af9ac6", Time: "21/Aug/2026:12:00:00 +0000", Message: `it's "wrong"`}
	for _, kind := range sortedKeys(responses) {
		var body map[string]any
		if err := json.Unmarshal([]byte(responses[kind].Body(context)), &body); err != nil {
			say("%s is not JSON: %v", kind, err)
			continue
		}
		if want := []string{"message", "path", "requestId", "statusCode", "timestamp"}; !slices.Equal(sortedKeys(body), want) {
			say("%s has %q, and the provider's errors have %q", kind, sortedKeys(body), want)
		}
		if status := responses[kind].Status; body["statusCode"] != float64(status) {
			say("%s says %v and is answered with %v", kind, body["statusCode"], status)
		}
		if responses[kind].Headers["Access-Control-Allow-Origin"] != "https://example.com" {
			say("%s can't be read by the pages of ApiCorsOrigin", kind)
		}
	}
}

// secrets: the key is never shown, and the token is made at the deploy.
func secrets(p *Project, say report) {
	if at(p.Template.section("Parameters")["ProviderKey"], "NoEcho") != true {
		say("ProviderKey is shown")
	}
	for _, id := range sortedKeys(p.Template.section("Resources")) {
		if id != "ProviderKeySecret" && slices.Contains(references(p.Template.section("Resources")[id]), "ProviderKey") {
			say("%s holds the provider's key; give it the secret", id)
		}
	}
	generated := p.Template.property("ApiTokenSecret", "GenerateSecretString")
	if length, _ := at(generated, "PasswordLength").(int); length < 40 || at(generated, "ExcludePunctuation") != true || at(generated, "GenerateStringKey") != "default" {
		say("ApiTokenSecret is not a token of the name default, of 40 letters and digits or more")
	}
}
