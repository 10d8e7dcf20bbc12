package e2e

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// input is a row of the corpus: something that people or programs send, and the expected outcome
// by every way that can carry it.
//
// To add one, add a row with a unique name to one of the tables below. Then run this test with
// -update and review the new lines of testdata/corpus.golden. Prompt files whose name matters,
// or that come again, are rows of corpus_files_test.go.
type input struct {
	name    string
	content string // the bytes
	object  bool   // content is a request object, as in a .json file, and not a text
	want    string
	sent    string // if started: the prompt that the provider gets
	told    string // what takeup prints before it sends
	parsed  bool   // the defect is gone once Step Functions has parsed it as an execution's input

	play  func(*corpus, *testing.T) []attempt // instead of content and want
	wants []string                            // the outcomes of play's attempts
}

// inputs is the whole corpus.
func inputs() []input {
	return slices.Concat(refusedTexts(), refusedEncodings(), refusedObjects(), refusedFields(), startedTexts(), startedObjects(), fileInputs())
}

// body returns the input as a request object.
func (r input) body() string {
	if r.object {
		return r.content
	}
	prompt, err := json.Marshal(r.content)
	if err != nil {
		panic(err)
	}
	return `{"prompt":` + string(prompt) + `}`
}

// ways returns the ways that can carry the input. An execution's input has to be JSON.
func (r input) ways() []string {
	if !r.object && !utf8.ValidString(r.content) {
		return []string{byText, byTerminal}
	}
	ways := []string{byUniversal, byLegacy, byObject, byTerminal}
	if !r.object {
		ways = append(ways, byText)
	}
	if body := r.body(); !r.parsed && json.Valid([]byte(body)) && utf8.ValidString(body) {
		ways = append(ways, byHand)
	}
	return ways
}

// rows returns inputs from pairs of name and content.
func rows(object bool, pairs ...[2]string) []input {
	var all []input
	for _, pair := range pairs {
		all = append(all, input{name: pair[0], content: pair[1], object: object, want: refused})
	}
	return all
}

// refusedTexts are valid UTF-8 that nobody means to buy a video of.
func refusedTexts() []input {
	return rows(false,
		[2]string{"an empty text", ""},
		[2]string{"a space", " "},
		[2]string{"tabs and line ends", "\t\r\n\n"},
		[2]string{"no-break and ideographic spaces", "\u00a0\u3000"},
		[2]string{"zero-width spaces", "\u200b\u200b"},
		[2]string{"joiners alone", "\u200d\u200c"},
		[2]string{"a word joiner alone", "\u2060"},
		[2]string{"bidirectional marks alone", "\u200e\u200f\u202e\u202c"},
		[2]string{"combining accents alone", "\u0301\u0308"},
		[2]string{"an enclosing circle alone", "\u20dd"},
		[2]string{"a variation selector alone", "\ufe0f"},
		[2]string{"Hangul fillers", "\u3164\u115f"},
		[2]string{"a blank Braille pattern", "\u2800"},
		[2]string{"a soft hyphen alone", "\u00ad"},
		[2]string{"private characters alone", "\ue000\uf8ff"},
		[2]string{"where a picture was", "\ufffc\n"},
		[2]string{"a byte order mark and nothing", "\ufeff"},
		[2]string{"byte order marks and line ends", "\ufeff\r\n\ufeff\r\n"},
		[2]string{"a NUL", "a\x00b boat"},
		[2]string{"a control character alone", "\x01"},
		[2]string{"colours of a terminal", "\x1b[31ma red boat\x1b[0m"},
		[2]string{"a bell", "a boat rings\a"},
		[2]string{"a backspace in the third line", "one\r\ntwo\r\nthr\bee\r\n"},
		[2]string{"a vertical tab of a slide", "a boat\va street"},
		[2]string{"a page break", "a boat\fa street"},
		[2]string{"a DEL", "a boat\x7f"},
		[2]string{"a next line", "a boat\u0085a street"},
		[2]string{"an ellipsis of Windows-1252 taken for Latin-1", "and so on\u0085"},
		[2]string{"a C1 control", "a\u009b2Jboat"},
		[2]string{"end of file of DOS", "a boat\r\n\x1a"},
		[2]string{"a lost character", "Stra\ufffde im Regen"},
		[2]string{"only lost characters", "\ufffd\ufffd\ufffd"},
		[2]string{"a mark of the other byte order", "a boat\ufffe"},
		[2]string{"U+FFFF", "a boat\uffff"},
		[2]string{"a noncharacter", "\ufdd0a boat"},
		[2]string{"hidden tags", "a boat\U000e0062\U000e0075\U000e0079"},
		[2]string{"a language tag", "\U000e0001\U000e0065\U000e006ea boat"},
		[2]string{"a flag without its end", "\U0001f3f4\U000e0067\U000e0062 flies"},
	)
}

func utf16le(s string) string { return wide(binary.LittleEndian, s) }

func wide(order binary.AppendByteOrder, s string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

func utf32(order binary.AppendByteOrder, s string) string {
	var b []byte
	for _, r := range s {
		b = order.AppendUint32(b, uint32(r))
	}
	return string(b)
}

// refusedEncodings are bytes that are not UTF-8, or look like it by chance.
func refusedEncodings() []input {
	const russian, chinese = "Бумажный кораблик плывёт по улице", "一只纸船漂过被水淹没的街道"
	return rows(false,
		[2]string{"UTF-16 with a mark, as Notepad saves it", "\xff\xfe" + utf16le("a paper boat\r\n")},
		[2]string{"UTF-16 with the other mark", "\xfe\xff" + wide(binary.BigEndian, "a paper boat")},
		[2]string{"UTF-16 without a mark, as PowerShell pipes it", utf16le("a paper boat\r\n")},
		[2]string{"UTF-16 of the other order", wide(binary.BigEndian, "a paper boat")},
		[2]string{"UTF-16, Russian", utf16le(russian)},
		[2]string{"UTF-16, Chinese", utf16le(chinese)},
		[2]string{"UTF-16 and an echo's line end", utf16le("a paper boat") + "\n"},
		[2]string{"UTF-32 with a mark", "\xff\xfe\x00\x00" + utf32(binary.LittleEndian, "a paper boat")},
		[2]string{"UTF-32", utf32(binary.BigEndian, "a paper boat")},
		[2]string{"Windows-1252", "Ein Papierboot f\xe4hrt \xfcber die Stra\xdfe"},
		[2]string{"Windows-1252, its quotes", "a boat \x93under way\x94 \x96 slowly"},
		[2]string{"Latin-1, one word", "caf\xe9"},
		[2]string{"Windows-1251", "\xc1\xf3\xec\xe0\xe6\xed\xfb\xe9 \xea\xee\xf0\xe0\xe1\xeb\xe8\xea"},
		[2]string{"Shift JIS", "\x8e\x86\x82\xcc\x8f\x4d\x82\xaa\x93\x6e\x82\xe9"},
		[2]string{"UTF-8 that was cut", "ein Boot fährt über die Stra\xc3"},
		[2]string{"UTF-8 with a broken character", "für eine Straße\nin K\xc3ln"},
		[2]string{"CESU-8", "a boat \xed\xa0\xbc\xed\xbe\xac sails"},
		[2]string{"a picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x04"},
		[2]string{"a compressed text", "\x1f\x8b\x08\x00\x12\x34\x56\x78\x00\x03\x4b\x54"},
		[2]string{"a Word document", "PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00\xdf\xa4\xd2lZ\x01\x00\x00word/document.xml"},
	)
}

// refusedObjects are invalid JSON, or JSON that is not an object.
func refusedObjects() []input {
	return rows(true,
		[2]string{"no bytes", ""},
		[2]string{"a comma at the end", `{"prompt":"a boat",}`},
		[2]string{"a comma at the end of a line", "{\n  \"prompt\": \"a boat\",\n  \"duration\": 5,\n}\n"},
		[2]string{"curly quotes", `{“prompt”: “a boat”}`},
		[2]string{"a curly quote at the end", `{"prompt": "a boat”}`},
		[2]string{"single quotes", `{'prompt': 'a boat'}`},
		[2]string{"a comment", "{\n  // what it shows\n  \"prompt\": \"a boat\"\n}"},
		[2]string{"a comment of Python", "# made by hand\n{\"prompt\": \"a boat\"}"},
		[2]string{"a second object", `{"prompt":"a boat"} {"prompt":"a dog"}`},
		[2]string{"JSON lines", "{\"prompt\":\"a boat\"}\n{\"prompt\":\"a dog\"}\n"},
		[2]string{"a brace too many", `{"prompt":"a boat"}}`},
		[2]string{"not closed", "{\n  \"prompt\": \"a boat\"\n"},
		[2]string{"a text that is cut", `{"prompt":"a boat cros`},
		[2]string{"names without quotes", `{prompt: "a boat"}`},
		[2]string{"an equals sign", `{"prompt" = "a boat"}`},
		[2]string{"a missing comma", "{\n  \"prompt\": \"a boat\"\n  \"duration\": 5\n}"},
		[2]string{"quotes within a text", `{"prompt":"a "paper" boat"}`},
		[2]string{"a path of Windows", `{"prompt":"C:\Users\boat"}`},
		[2]string{"a line end within a text", "{\"prompt\":\"a boat\nsails\"}"},
		[2]string{"a tab within a text", "{\"prompt\":\"a\tboat\"}"},
		[2]string{"a NUL within a text", "{\"prompt\":\"a\x00boat\"}"},
		[2]string{"a dict of Python", `{'prompt': 'a boat', 'generate_audio': True}`},
		[2]string{"None", `{"prompt":"a boat","cfg_scale":None}`},
		[2]string{"a decimal comma", `{"prompt":"a boat","cfg_scale":0,5}`},
		[2]string{"a leading zero", `{"prompt":"a boat","duration":05}`},
		[2]string{"a no-break space between", "{\u00a0\"prompt\":\"a boat\"}"},
		[2]string{"a plain text", "a paper boat crosses a flooded street"},
		[2]string{"YAML", "prompt: a paper boat\nduration: 5\n"},
		[2]string{"CSV of a German Excel", "\ufeffprompt;duration\r\n\"a boat; a dog\";5\r\n"},
		[2]string{"a form", "prompt=a+boat&duration=5"},
		[2]string{"HTML", "<!doctype html><p>a boat"},
		[2]string{"null", "null"},
		[2]string{"a number", "7"},
		[2]string{"a text in quotes", `"a boat"`},
		[2]string{"a list", `[{"prompt":"a boat"}]`},
		[2]string{"blank lines", "\n\n"},
		[2]string{"too deep", strings.Repeat("[", 20_000)},
		[2]string{"an object in UTF-16", "\xff\xfe" + utf16le(`{"prompt":"a boat"}`)},
		[2]string{"an object in UTF-16 without a mark", utf16le(`{"prompt":"a boat"}`)},
		[2]string{"an object in Windows-1252", "{\"prompt\":\"K\xf6ln\"}"},
		[2]string{"an object of 65 KiB", `{"prompt":"` + strings.Repeat("x", 65<<10) + `"}`},
	)
}

// refusedFields are JSON objects with a bad field.
func refusedFields() []input {
	twice := input{name: "a prompt given twice", content: `{"prompt":"a boat","prompt":"a dog"}`, object: true, want: refused, parsed: true}
	const v3, turbo = `"model":"klingai/video-v3-pro-text-to-video",`, `"model":"klingai/video-v3-turbo-pro-text-to-video",`
	return append(rows(true,
		[2]string{"half a pair", `{"prompt":"boat \ud83d sails"}`},
		[2]string{"half a pair at the end", `{"prompt":"boat \ud83d"}`},
		[2]string{"the other half", `{"prompt":"\udfac boat"}`},
		[2]string{"halves in the wrong order", `{"prompt":"\udfac\ud83c boat"}`},
		[2]string{"half a pair in the second line", `{"prompt":"one\ntwo \uD83D"}`},
		[2]string{"half a pair in what not to show", `{"prompt":"a boat","negative_prompt":"\ud83d"}`},
		[2]string{"half a pair in a shot", `{` + v3 + `"multi_prompt":["a boat","a dog \ud83d"]}`},
		[2]string{"half a pair in a storyboard", `{` + turbo + `"multi_prompt":[{"prompt":"a boat"},{"prompt":"\ud83d"}]}`},
		[2]string{"a shot that can't be seen", `{` + v3 + `"multi_prompt":["a boat","\u200b"]}`},
		[2]string{"a control character in a storyboard", `{` + turbo + `"multi_prompt":[{"prompt":"a boat\u0007"}]}`},
		[2]string{"a lost character in what not to show", `{"prompt":"a boat","negative_prompt":"Stra\ufffde"}`},
		[2]string{"what not to show can't be seen", `{"prompt":"a boat","negative_prompt":"\u200b "}`},
		[2]string{"a NUL in the provider's name", `{"model":"klingai/v2-master-text-to-video","prompt":"a boat","provider":"a\u0000"}`},
		[2]string{"several wrong fields", `{"prompt":"boat \ud83d","negative_prompt":"\u0000","duration":7}`},
		[2]string{"a field of another model", `{"prompt":"a boat","generate_audio":true}`},
		[2]string{"a field with an invisible name", `{"prompt":"a boat","\u202eprompt":"a dog"}`},
		[2]string{"seven seconds", `{"prompt":"a boat","duration":7}`},
		[2]string{"an unknown model", `{"prompt":"a boat","model":"kling"}`},
		[2]string{"no prompt", `{"duration":5}`},
		[2]string{"a prompt of a number", `{"prompt":7}`},
	), twice)
}

// startedTexts are unusual texts that people do mean.
func startedTexts() []input {
	const scotland = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
	var all []input
	for _, row := range []struct{ name, content, sent, told string }{
		{name: "a line", content: "a boat in one line"},
		{name: "a byte order mark", content: "\ufeffa boat after a mark", sent: "a boat after a mark"},
		{name: "two byte order marks", content: "\ufeff\ufeffa boat after two marks", sent: "a boat after two marks"},
		{name: "two files put together", content: "\ufeffa boat\r\n\ufeffa dog", sent: "a boat\r\na dog", told: "the text has 2 lines; they are one prompt for one video\n"},
		{name: "three lines", content: "boat one\nboat two\nboat three", told: "the text has 3 lines; they are one prompt for one video\n"},
		{name: "emoji", content: "👨‍👩‍👧‍👦 and 👍🏽 under 🇩🇪 and " + scotland + " with ❤️ and 1️⃣ 🏳️‍🌈"},
		{name: "scripts with joiners", content: "نمی‌خواهم क्‍ष ශ්‍රී 한글 日本語 c\u0327a\u0301"},
		{name: "right to left", content: "\u2067שלום\u2069 \u200fعربي\u200e and \u202ean override\u202c"},
		{name: "what programs stumble over", content: "it's \"quoted\" $HOME `id` %s {{.}} <b>&amp;</b> \\n \ue000 a\u2028b\u00adc ?"},
		{name: "a long text", content: strings.Repeat("ein Boot fährt über die Straße. ", 1500) + "Ende"},
		{name: "a long text of markup", content: strings.Repeat("<b>&amp;</b> ", 1500) + "end"},
	} {
		if row.sent == "" {
			row.sent = row.content
		}
		all = append(all, input{name: row.name, content: row.content, want: started, sent: row.sent, told: row.told})
	}
	return all
}

// startedObjects are unusual ways to write a valid request.
func startedObjects() []input {
	var all []input
	for _, row := range []struct{ name, content, sent string }{
		{"an object after a mark", "\ufeff{\"prompt\":\"an object after a mark\"}\n", "an object after a mark"},
		{"a mark within", `{"prompt":"\ufeffa mark as an escape"}`, "a mark as an escape"},
		{"a pair of escapes", `{"prompt":"\ud83c\udfac as escapes"}`, "🎬 as escapes"},
		{"numbers as texts, and nulls", `{ "prompt": "numbers as texts", "duration": "5", "ratio": "16:9", "cfg_scale": null, "negative_prompt": "" }`, "numbers as texts"},
	} {
		all = append(all, input{name: row.name, content: row.content, object: true, want: started, sent: row.sent})
	}
	return all
}
