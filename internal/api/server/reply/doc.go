// Package reply has what the paths of the API share: it reads the parts of a request, or refuses it
// and says why, writes the response, and logs one line.
package reply
