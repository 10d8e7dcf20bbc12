// Package bootstrap tests the functions as Lambda runs them. Each function is built as SAM
// builds it and started as a process with the variables that the template gives it. A server
// that speaks Lambda's runtime API hands it its event from events/.
package bootstrap
