package transfer

import "net/http"

// Shape cuts files up in another way than New does.
func (c *Copier) Shape(least, most int64, streams, sample int) {
	c.shape.progress, c.shape.lookUp = least/80, least/300
	c.shape.least, c.shape.most, c.shape.streams, c.shape.sample = least, most, streams, sample
}

// Dense is how many boxes are looked up out of turn.
func (c *Copier) Dense(boxes int) { c.shape.dense = boxes }

// From takes the source's answers from something else than a network.
func (c *Copier) From(source http.RoundTripper) { c.source.Transport = source }
