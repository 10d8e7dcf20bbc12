// Package batch plans a file of prompts: which jobs its lines are, which of those exist
// already, and what the rest costs and how long it takes. A plan starts nothing and pays
// nothing.
package batch
