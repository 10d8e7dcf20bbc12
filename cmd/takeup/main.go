// Command takeup turns prompts into videos with a Takeup stack: one that it starts on this
// machine, one that is deployed in AWS, or one that is given by address and token.
package main

import "github.com/takeup/takeup/internal/cli"

func main() { cli.Main() }
