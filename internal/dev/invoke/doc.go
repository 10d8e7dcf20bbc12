// Package invoke runs functions of the template in Lambda's container, with sam local invoke,
// against a stack. It copies the built template with the variables of that stack, fills in the
// sample events, and reports a function's failure, which SAM does not.
package invoke
