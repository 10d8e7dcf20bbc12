package templatecheck

import (
	"fmt"
	"slices"

	"github.com/takeup/takeup/internal/dev/template"
	"github.com/takeup/takeup/internal/notify/mail"
	"github.com/takeup/takeup/internal/table/digest"
)

// topic is the stack's topic, wherever the template has the condition HasTopic.
func topic() template.Function {
	return template.Function{Name: "If", Args: []any{"OwnTopic", template.Ref("NotifyTopicArn"), template.Ref("Notifications")}}
}

// mails: NotifyOn accepts what the code knows; a mail's lease outlives OutboxFunction, so that two
// don't send it at once; its role may write what waits for a mail, and nothing else for that; and
// everything that names the topic names the same one.
func mails(p *Project, say report) {
	known := []any{string(mail.Attention), string(mail.All), string(mail.None)}
	if got := template.List(template.At(p.Template.Section("Parameters")["NotifyOn"], "AllowedValues")); !slices.Equal(got, known) {
		say("NotifyOn accepts %v, and the code knows %v", got, known)
	}
	if seconds, _ := p.Template.Property("OutboxFunction", "Timeout").(int); seconds < 1 || seconds >= int(mail.Lease.Seconds()) {
		say("OutboxFunction may run for %d s, and a mail is left to it for %v alone", seconds, mail.Lease)
	}
	given := fmt.Sprint(p.Template.Property("OutboxFunction", "Environment", "Variables", "NOTIFY_TOPIC_ARN"))
	if want := fmt.Sprint(template.Function{Name: "If", Args: []any{"HasTopic", topic(), ""}}); given != want {
		say("OutboxFunction publishes to %s, not to %s", given, want)
	}
	if got := p.Template.Property("NotificationsMail", "TopicArn"); fmt.Sprint(got) != fmt.Sprint(topic()) {
		say("NotifyEmail is subscribed to %v, not to %v", got, topic())
	}
	for _, s := range template.List(p.Template.Property("OutboxMails", "PolicyDocument", "Statement")) {
		switch action := template.At(s, "Action"); action {
		case "sns:Publish":
			if got := template.At(s, "Resource"); fmt.Sprint(got) != fmt.Sprint(topic()) {
				say("OutboxFunction may publish to %v, not to %v", got, topic())
			}
		case "dynamodb:PutItem":
			if got := template.List(template.At(s, "Condition", "ForAllValues:StringEquals", "dynamodb:LeadingKeys")); !slices.Equal(got, []any{digest.Partition}) {
				say("OutboxFunction may write the partitions %v for its mails, not %s", got, digest.Partition)
			}
		default:
			say("OutboxFunction may do %v for its mails", action)
		}
	}
}
