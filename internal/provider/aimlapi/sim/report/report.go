// Package report makes the replies of the provider's reporting endpoints from what the simulator recorded: the logs, the
// account's transactions and balance, and the metrics of the models. Their parameters are checked as strictly as the provider
// checks them.
package report

import "fmt"

// Refusal says why a query is refused: the reply's status and message.
type Refusal struct {
	Status  int
	Message any // a string, or a list of them
}

func (e *Refusal) Error() string { return fmt.Sprint(e.Message) }
