package templatecheck

import "github.com/takeup/takeup/internal/dev/template"

// webhooks: first attempts and later ones have a queue and a limit each, of one delivery per
// message. No message is handed out again while it is delivered, and none is lost.
func webhooks(p *Project, say report) {
	const function, dead = "DeliverFunction", "UndeliveredWebhooks"
	limit, _ := p.Template.Property(function, "Timeout").(int)
	for _, queue := range []string{"Webhooks", "SlowWebhooks"} {
		mapping := queue + "Mapping"
		if p.Template.Property(mapping, "FunctionName") != template.Ref(function) || p.Template.Property(mapping, "EventSourceArn") != template.GetAtt(queue+".Arn") {
			say("%s is not delivered by %s", queue, function)
		}
		if p.Template.Property(mapping, "BatchSize") != 1 {
			say("%s hands out more than one message at once, and one that fails has all of them delivered again", mapping)
		}
		if n, _ := p.Template.Property(mapping, "ScalingConfig", "MaximumConcurrency").(int); n < 2 {
			say("%s has no limit of its own, so that its receivers can hold up others", mapping)
		}
		if visible, _ := p.Template.Property(queue, "VisibilityTimeout").(int); limit < 1 || visible < 6*limit {
			say("%s hands out a message again after %d s, and %s may take %d s; AWS recommends six times as long", queue, visible, function, limit)
		}
		if p.Template.Property(queue, "RedrivePolicy", "deadLetterTargetArn") != template.GetAtt(dead+".Arn") {
			say("%s does not keep in %s what its function fails for", queue, dead)
		}
	}
	for _, queue := range []string{"Webhooks", "SlowWebhooks", dead} {
		if p.Template.Property(queue, "MessageRetentionPeriod") != 1209600 {
			say("%s does not keep its messages for 14 days, the longest that SQS does", queue)
		}
	}
}
