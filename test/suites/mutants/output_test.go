package mutants_test

import "bytes"

// output keeps what the tests print, which is nothing while they pass. It calls found once they
// have printed a text: the other tests of a mutant that is caught need not end.
type output struct {
	bytes.Buffer
	until string
	found func()
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.Buffer.Write(p)
	if bytes.Contains(o.Bytes(), []byte(o.until)) {
		o.found()
	}
	return n, err
}
