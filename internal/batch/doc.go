// Package batch plans what a file of prompts becomes: which jobs its lines are, which of
// them there are already, and what the rest costs and takes. A plan starts nothing and
// pays nothing.
package batch
