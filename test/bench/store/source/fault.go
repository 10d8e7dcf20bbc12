package source

// Fault is what is wrong with a source; the zero value is nothing. It is the same
// for every request, so a tool that begins again from the start meets it again.
type Fault struct {
	Plain    bool  // no ranges, and nothing to tell two versions apart
	Unsized  bool  // no Content-Length: the body ends where the connection does
	CutAfter int64 // each response ends, with its connection, after so many bytes of body
	// StallAt is a byte that no response gets past but one that begins there: it
	// stops before it and leaves the connection open.
	StallAt int64
	Short   int64  // the length is given as so much less than it is, and no more is sent
	Becomes *Video // what the file is from the first cut on, and then it isn't cut any more
}
