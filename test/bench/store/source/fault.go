package source

// Fault is the misbehavior of a source. The zero value is none. It is the same for every
// request, so that a tool that starts over meets it again.
type Fault struct {
	Plain    bool  // no ranges, and nothing that identifies a version
	Unsized  bool  // no Content-Length: the body ends with the connection
	CutAfter int64 // each response and its connection end after this many bytes of body
	// StallAt is the byte before which every response stalls with its connection open, unless the
	// response begins there.
	StallAt int64
	Short   int64  // the announced length is this much too small, and no more is sent
	Becomes *Video // what the file becomes after the first cut; then it isn't cut any more
}
