// Package changes shows what some kinds of change take, as the table of CONTRIBUTING.md says it.
// Its tests make each change in a copy of the repository, renew the generated files with -update,
// and run the tests of what the change concerns. They fail if a further file has to change.
package changes
