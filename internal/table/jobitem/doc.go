// Package jobitem encodes a job as the items of its partition in the table, and decodes them: the
// job, its request and the progress of its steps. It has the names of their keys and attributes.
// It calls no DynamoDB.
package jobitem
