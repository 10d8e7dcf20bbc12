// Package invoke runs functions of the template in Lambda's container, with sam
// local invoke, against a stack. It makes a copy of the built template in which each
// function has the variables of that stack, fills the events, and tells a function
// that failed from one that answered, which SAM doesn't.
package invoke
