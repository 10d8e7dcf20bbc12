// Package bootstrap tests the functions as Lambda runs them: each is built as SAM
// builds it, started as a process with the variables that the template gives it,
// and handed its event from events/ by a server that speaks Lambda's runtime API.
package bootstrap
