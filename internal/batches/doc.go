// Package batches runs files of prompts. Its Service is what the API and the prompts bucket
// call; its Engine has the steps of the state machine in statemachine/batch.asl.json.
//
// A batch is run by an execution of that machine, which plans the file, looks after one job for
// each video, and writes the results. Nothing here submits or pays: each job does that by
// itself, in an execution of its own.
package batches
