// Package browser tests the page in a real browser, Chromium, against the real
// template on the local stack.
package browser
