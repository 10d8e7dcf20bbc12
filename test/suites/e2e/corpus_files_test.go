package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/takeup/takeup/internal/api"
)

// The ways that only a play takes.
const (
	byFile = "a file"
	byCopy = "a copy"
	byForm = "an upload form"
)

// fileInputs are prompt files whose name matters, and files that come again. Each is a play,
// which makes its attempts one after the other, and lists their outcomes.
func fileInputs() []input {
	var all []input
	for _, file := range []struct{ name, key, content, want string }{
		{"a picture by its name", "picture.png", "\x89PNG", refused},
		{"no extension", "no extension", "a prompt without an extension", refused},
		{"a backup", "prompt.txt.bak", "a prompt", refused},
		{"a file of 65 KiB", "large.txt", strings.Repeat("x", 65<<10), refused},
		{"a hidden file", ".prompt", "a prompt in a hidden file", refused},
		{"a folder", "folder/", "", ignored},
		{"a folder of Hadoop", "folder_$folder$", "", ignored},
		{"a resource fork of macOS", "._boat.txt", "a resource fork that reads like a prompt", ignored},
		{"a folder's looks on macOS", ".DS_Store", "\x00\x00\x00\x01Bud1", ignored},
		{"a folder of a zip file of macOS", "__MACOSX/boat.txt", "a resource fork in a folder of its own", ignored},
		{"pictures of Windows", "Thumbs.db", "\xd0\xcf\x11\xe0", ignored},
		{"a folder's looks on Windows", "Desktop.ini", "[.ShellClassInfo]", ignored},
		{"an open document of Word", "~$boat.txt", "who has the document open", ignored},
		{"a lock of LibreOffice", ".~lock.boat.txt#", ",who has it open;", ignored},
		{"shouted", "SHOUTED.TXT", "a boat in capitals", started},
		{"a key of many letters", "größe 日本 🎬/100%25 + sure.json", `{"prompt":"a boat at an odd key"}`, started},
	} {
		all = append(all, input{name: file.name, wants: []string{file.want}, play: func(c *corpus, t *testing.T) []attempt {
			return []attempt{c.file(t, byFile, "corpus/"+file.key, file.content)}
		}})
	}
	return append(all,
		input{name: "a file, uploaded again", wants: []string{started, same}, play: func(c *corpus, t *testing.T) []attempt {
			first := c.file(t, byText, "corpus/again.txt", "a boat, synchronised")
			c.accepted(t, first, "a boat, synchronised")
			return []attempt{first, c.file(t, byText, "corpus/again.txt", "a boat, synchronised").after(first)}
		}},
		input{name: "a file, copied onto itself", wants: []string{started, same}, play: func(c *corpus, t *testing.T) []attempt {
			first := c.file(t, byText, "corpus/self.txt", "a boat, encrypted anew")
			c.accepted(t, first, "a boat, encrypted anew")
			return []attempt{first, c.copied(t, "corpus/self.txt", "corpus/self.txt").after(first)}
		}},
		input{name: "a file, moved to done", wants: []string{started, same}, play: func(c *corpus, t *testing.T) []attempt {
			const from, to = "corpus/moved.txt", "done/corpus/moved.txt"
			first := c.file(t, byText, from, "a boat, tidied up")
			c.accepted(t, first, "a boat, tidied up")
			moved := c.copied(t, from, to).after(first)
			bucket, key := c.stack.Outputs["PromptsBucket"], from
			if _, err := c.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
				t.Fatal(err)
			}
			return []attempt{first, moved}
		}},
		input{name: "a file, uploaded at two keys", wants: []string{started, started}, play: func(c *corpus, t *testing.T) []attempt {
			first := c.file(t, byText, "corpus/one.txt", "a boat at two keys")
			return []attempt{first, c.file(t, byText, "corpus/two.txt", "a boat at two keys").after(first)}
		}},
		input{name: "A, B and A at one key", wants: []string{started, started, same}, play: func(c *corpus, t *testing.T) []attempt {
			a := c.file(t, byText, "corpus/aba.txt", "a boat, and then something else")
			c.accepted(t, a, "a boat, and then something else")
			b := c.file(t, byText, "corpus/aba.txt", "a dog, and then the boat again")
			return []attempt{a, b, c.file(t, byText, "corpus/aba.txt", "a boat, and then something else").after(a)}
		}},
		input{name: "a form, sent twice", wants: []string{started, same}, play: func(c *corpus, t *testing.T) []attempt {
			form := c.form(t)
			first := c.sentForm(t, form, "a boat by a form")
			return []attempt{first, c.sentForm(t, form, "a boat by a form").after(first)}
		}},
		input{name: "a form with another text", wants: []string{started, refused}, play: func(c *corpus, t *testing.T) []attempt {
			form := c.form(t)
			return []attempt{c.sentForm(t, form, "a boat by a form of its own"), c.sentForm(t, form, "a dog by the form of the boat")}
		}},
		input{name: "an Idempotency-Key again", wants: []string{started, same}, play: func(c *corpus, t *testing.T) []attempt {
			const body, key = `{"prompt":"a boat, ordered again by its key"}`, "Idempotency-Key: corpus-again"
			first := c.post(t, byUniversal, api.GenerationsPath, body, key)
			return []attempt{first, c.post(t, byLegacy, api.KlingGenerationPath, body, key).after(first)}
		}},
		input{name: "an Idempotency-Key with another text", wants: []string{started, refused}, play: func(c *corpus, t *testing.T) []attempt {
			const key = "Idempotency-Key: corpus-other"
			return []attempt{
				c.post(t, byUniversal, api.GenerationsPath, `{"prompt":"a boat, by a key"}`, key),
				c.post(t, byUniversal, api.GenerationsPath, `{"prompt":"a dog, by that key"}`, key),
			}
		}},
	)
}

// after returns the attempt for an input that an earlier one may have made a job of. The API and
// Step Functions don't always say whether the job existed.
func (a attempt) after(first attempt) attempt {
	if a.job != "" && a.job == first.job && a.outcome == started {
		a.outcome = same
	}
	return a
}

// copied copies a prompt file within its bucket.
func (c *corpus) copied(t *testing.T, from, to string) attempt {
	t.Helper()
	return c.became(t, byCopy, to, c.copyFile(t, from, "", to))
}

// sentForm sends a text by an upload form of the API.
func (c *corpus) sentForm(t *testing.T, form api.Upload, content string) attempt {
	t.Helper()
	if status, answer := sendForm(t, form, content); status != http.StatusNoContent {
		t.Fatalf("the form: %d %s", status, answer)
	}
	return c.became(t, byForm, form.Key, c.version(t, form.Key))
}
