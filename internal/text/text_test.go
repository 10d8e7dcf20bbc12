package text_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/takeup/takeup/internal/text"
)

var update = flag.Bool("update", false, "write the golden file")

// golden compares got with a golden file. The files hold all refusals, for people to read.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := "testdata/" + name + ".golden"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; read it, and run with -update if it is right:\n%s", path, got)
	}
}

func wide(order binary.AppendByteOrder, s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func wider(order binary.AppendByteOrder, s string) []byte {
	var b []byte
	for _, r := range s {
		b = order.AppendUint32(b, uint32(r))
	}
	return b
}

var (
	le = binary.LittleEndian
	be = binary.BigEndian
)

const (
	russian  = "Бумажный кораблик плывёт по затопленной улице."
	chinese  = "一只纸船漂过被水淹没的街道，远处有灯光。"
	japanese = "紙の舟が水びたしの通りを渡っていく。"
	german   = "Ein Papierboot fährt über die überflutete Straße in Köln."
)

// Valid UTF-8 is returned unchanged, except for U+FEFF.
func TestDecodeTakesUTF8(t *testing.T) {
	for in, want := range map[string]string{
		"":                            "",
		"a paper boat":                "a paper boat",
		"\ufeffa boat":                "a boat",
		"\ufeff\ufeffa boat":          "a boat",
		"\ufeffa boat\n\ufeffa dog\n": "a boat\na dog\n",
		"a\u0000b boat":               "a\u0000b boat", // Check has the better message
		"\x1b[31ma red boat\x1b[0m":   "\x1b[31ma red boat\x1b[0m",
		"\x01":                        "\x01",
		"\x00\x00\x00\x00":            "\x00\x00\x00\x00",
		"\ufffd\ufffd boat":           "\ufffd\ufffd boat",
		russian:                       russian,
		chinese:                       chinese,
		german + "\u0085":             german + "\u0085",
		"🏴\U000e0067\U000e007f 👩‍🚀 نمی‌خواهم": "🏴\U000e0067\U000e007f 👩‍🚀 نمی‌خواهم",
	} {
		if got, err := text.Decode([]byte(in)); err != nil || got != want {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
}

// Other bytes are refused, with a guess of their encoding.
func TestDecodeRefuses(t *testing.T) {
	var said bytes.Buffer
	for _, test := range []struct {
		name string
		data []byte
	}{
		{"UTF-16 LE with a mark", append([]byte("\xff\xfe"), wide(le, "a paper boat")...)},
		{"UTF-16 BE with a mark", append([]byte("\xfe\xff"), wide(be, "a paper boat")...)},
		{"a mark of UTF-16 alone", []byte("\xff\xfe")},
		{"UTF-16 LE", wide(le, "a paper boat")},
		{"UTF-16 BE", wide(be, "a paper boat")},
		{"UTF-16 LE, an object", wide(le, `{"prompt":"a paper boat"}`)},
		{"UTF-16 LE and an echo's line end", append(wide(le, "a paper boat"), '\n')},
		{"UTF-16 LE, Russian", wide(le, russian)},
		{"UTF-16 BE, Russian", wide(be, russian)},
		{"UTF-16 LE, Chinese", wide(le, chinese)},
		{"UTF-16 BE, Japanese", wide(be, japanese)},
		{"UTF-16 LE, German", wide(le, german)},
		{"UTF-16 LE, an emoji", wide(le, "a boat 🎬 sails")},
		{"UTF-16 as a gateway spoils it", []byte("\ufffd\ufffd" + string(wide(le, "a paper boat")))},
		{"UTF-32 LE with a mark", append([]byte("\xff\xfe\x00\x00"), wider(le, "a boat")...)},
		{"UTF-32 BE with a mark", append([]byte("\x00\x00\xfe\xff"), wider(be, "a boat")...)},
		{"UTF-32 LE", wider(le, "a paper boat")},
		{"UTF-32 BE", wider(be, "a paper boat")},
		{"Windows-1252", []byte("Ein Papierboot f\xe4hrt \xfcber die Stra\xdfe.")},
		{"Windows-1252, its quotes", []byte("a boat \x93under way\x94 \x96 slowly")},
		{"Windows-1252, one word", []byte("caf\xe9")},
		{"Windows-1252, a capital first", []byte("\xdcber den D\xe4chern")},
		{"Windows-1252, an object", []byte("{\"prompt\":\"K\xf6ln\"}")},
		{"Latin-1, a grave", []byte("\xc0 la mode")},
		{"Windows-1251", []byte("\xc1\xf3\xec\xe0\xe6\xed\xfb\xe9 \xea\xee\xf0\xe0\xe1\xeb\xe8\xea")},
		{"Shift JIS", []byte("\x8e\x86\x82\xcc\x8f\x4d\x82\xaa\x93\x6e\x82\xe9")},
		{"GBK", []byte("\xd2\xbb\xd6\xbb\xd6\xbd\xb4\xac\xa3\xac\xc6\xaf\xb9\xfd")},
		{"UTF-8, cut within a character", []byte(german + " 🎬"[:4])},
		{"UTF-8, a broken character in line 2", []byte("über\nStra\xc3e ßß")},
		{"CESU-8", []byte("a boat \xed\xa0\xbd\xed\xb0\x9f sails")},
		{"UTF-8 of half a pair", []byte("größte \xed\xa0\xbd boat")},
		{"PNG", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")},
		{"gzip", []byte("\x1f\x8b\x08\x00\x12\x34\x56\x78\x00\x03")},
	} {
		got, err := text.Decode(test.data)
		var not *text.NotUTF8
		if !errors.As(err, &not) || got != "" {
			t.Errorf("%s: got %q, %v", test.name, got, err)
			continue
		}
		fmt.Fprintf(&said, "%-36s the file %s\n", test.name, err)
	}
	golden(t, "decode", said.String())
}

func TestCheckTakes(t *testing.T) {
	for _, s := range []string{
		"a", "?", "…", "5", "a paper boat", "a boat\r\nand\ta dog\r", " a ", "a\u00a0boat", "a\u2028b", "c\u0327a\u0301",
		"🎬", "👨‍👩‍👧‍👦 at the sea", "🇩🇪", "👍🏽", "❤️", "1️⃣", "🏳️‍🌈", "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f in the wind",
		"نمی‌خواهم", "क्‍ष", "ශ්‍රී", "‫שלום‬", "\u200fשלום\u200e abc", "\u2067עברית\u2069 here", "a \u202eturned\u202c text", "한글", "co\u00adoperate", "a\u2060b",
		"\ue000 of a company's own", "a \U0001fae9 of tomorrow", "\U0001fae9", "\ufffc with a picture", strings.Repeat("ü", 60_000),
	} {
		if err := text.Check(s); err != nil {
			t.Errorf("%.40q: %v", s, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	var said bytes.Buffer
	for _, s := range []string{
		"", " ", "\t\r\n", "\u00a0\u3000", "\u200b\u2060", "\u200d\u200c", "\u202e\u202c", "\u0301\u0308", "\u20dd", "\ufe0f", "\u3164\u115f\uffa0", "\u2800", "\u00ad",
		"\ue000", "\ufffc", "\u180e", "\U000e0100",
		"a\u0000b boat", "\u0001", "\x1b[31mred", "a\u007f", "a\u0085b", "a\u009bb", "page\fbreak", "line\none\vtwo", "über\a", "one\r\ntwo\r\nthr\bee\n",
		"Stra\ufffde", "\ufffd", "a\ufffeb", "a\uffff", "\ufdd0", "a\U0001ffffb",
		"a boat\U000e0061\U000e0062", "🏴\U000e0067\U000e0062", "a\U000e0001b", "x\U000e0067\U000e007f", "🏴" + strings.Repeat("\U000e0061", 40) + "\U000e007f",
	} {
		err := text.Check(s)
		if err == nil {
			t.Errorf("%+q is taken", s)
			continue
		}
		fmt.Fprintf(&said, "%-36.36s prompt %s\n", fmt.Sprintf("%+q", s), err)
	}
	golden(t, "check", said.String())
}

func TestObjectRefuses(t *testing.T) {
	var said bytes.Buffer
	for _, s := range []string{
		``, ` `, `{`, `{"prompt`, `{"prompt"`, `{"prompt":`, `{"prompt":"a boat`, `{"prompt":"a boat\`, `{"prompt":"a boat"`, "{\n  \"prompt\": \"a boat\",\n", `{"prompt":tru`,
		`{"prompt":"x",}`, "{\n  \"prompt\": \"x\",\n}", `{"multi_prompt":["a","b",]}`, `{,"prompt":"x"}`, `{"prompt":"x",,"duration":5}`,
		`{“prompt”: “a boat”}`, `{"prompt": “a boat”}`, `{"prompt": "a boat”}`, `{'prompt': 'a boat'}`, "{`prompt`: 1}",
		"{\n  // a comment\n  \"prompt\": \"x\"\n}", `{"prompt":"x" /* five */}`, "{\"prompt\":\"x\"} # done", "# made by hand\n{}",
		`{"prompt":"x"}{"prompt":"y"}`, "{\"prompt\":\"x\"}\n{\"prompt\":\"y\"}\n", `{"prompt":"x"},`, `{"prompt":"x"}}`, `{"prompt":"x"}]`, `{"prompt":"x"} and so on`,
		`{prompt: "x"}`, `{"prompt" = "x"}`, `{"prompt" "x"}`, `{"prompt":"x" "duration":5}`, `{"prompt":"x"; "duration":5}`, `{"prompt":"x","duration":5 "cfg_scale":1}`,
		`{"prompt":"a "paper" boat"}`, `{"prompt":"a " paper boat"}`, `{"prompt": a paper boat}`, `{"prompt":}`, `{"prompt":"x"]`, `["a"}`,
		`{"generate_audio":True}`, `{"prompt":None}`, `{"cfg_scale":NaN}`, `{"cfg_scale":.5}`, `{"duration":05}`, `{"duration":+5}`, `{"cfg_scale":0,5}`, `{"cfg_scale":5.}`, `{"duration":0x5}`,
		`{"prompt":"C:\boats\Users"}`, `{"prompt":"it\'s"}`, `{"prompt":"\u12"}`, "{\"prompt\":\"a boat\nsails\"}", "{\"prompt\":\"a\tboat\"}", "{\"prompt\":\"a\x00boat\"}",
		"{\u00a0\"prompt\":\"x\"}", "{\u200b\"prompt\":\"x\"}", `<html>`, `a paper boat`, `the paper boat`, `3 paper boats`, `prompt=a boat`, "prompt: a boat\n", `größe`, `@prompt.json`,
		"{\n  \"prompt\": \"ein Boot für Köln 🎬\", \"duration\": five\n}", strings.Repeat("[", 20_000),
		`null`, `true`, `5`, `"a boat"`, `[]`, `[{"prompt":"x"}]`,
	} {
		object, faults, err := text.Object(s)
		if err == nil {
			t.Errorf("%s is taken: %v, %v", s, object, faults)
			continue
		}
		fmt.Fprintf(&said, "%-42.42s the request %s\n", strings.ReplaceAll(fmt.Sprintf("%+q", s), `\"`, `"`), err)
	}
	golden(t, "object", said.String())
}

func TestObjectFindsFaults(t *testing.T) {
	var said bytes.Buffer
	for _, s := range []string{
		`{"prompt":"boat \ud83d sails"}`, `{"prompt":"boat \ud83d"}`, `{"prompt":"\udfac boat"}`, `{"prompt":"\udfac\ud83c boat"}`, `{"prompt":"\uD83D\u0061"}`,
		`{"prompt":"\ud83c\udfac and \ud83d"}`, `{"prompt":"one\ntwo \ud83d"}`, `{"prompt":"\\\ud83d"}`,
		`{"multi_prompt":["a","b \ud83d"],"negative_prompt":"\udc00"}`, `{"multi_prompt":[{"prompt":"a"},{"duration":5,"prompt":"\ud83d"}]}`,
		`{"advanced_camera_control":{"movement_type":"\ud83d","movement_value":1e999},"prompt":"x"}`, `[["\ud83d"]]`,
		"{\"prompt\":\"x\",\n  \"prompt\":\"y\"}", `{"a":{"b":1,"b":2},"b":3}`, `{"a":[{"b":1},{"b":2}],"pr\u006fmpt":"x","prompt":"y"}`,
	} {
		if s[0] == '[' {
			s = `{"a":` + s + `}`
		}
		_, faults, err := text.Object(s)
		if err != nil || len(faults) == 0 {
			t.Errorf("%s: %v, %v", s, faults, err)
		}
		for _, fault := range faults {
			fmt.Fprintf(&said, "%s\n    %s %s\n", s, fault.Path, fault.Message)
		}
	}
	golden(t, "faults", said.String())

	for _, s := range []string{
		`{}`, `{"prompt":"\ud83c\udfac"}`, `{"prompt":"\\ud83d"}`, `{"prompt":"\\\\ud83d \" \/ \u00e9"}`, `{"a":{"a":[{"a":1},{"a":2},[[]],{}],"b":[]},"b":"x"}`,
		`{"model":null,"duration":5,"n":1e400,"prompt":"x"}`,
	} {
		if object, faults, err := text.Object(s); err != nil || len(faults) > 0 || object == nil {
			t.Errorf("%s: %v, %v, %v", s, object, faults, err)
		}
	}
}

func TestLines(t *testing.T) {
	for s, want := range map[string]int{"": 0, "a": 1, "a\n": 1, "a\nb": 2, "\n\na\r\n \u200b\r\nb\rc\n": 3} {
		if got := text.Lines(s); got != want {
			t.Errorf("%q has %d, want %d", s, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	const in, want = "a\x1b[2Jb\u009bc\u202egnp.exe\u2066x\u2069\u200f\u2028 🏳️‍🌈 نمی‌خواهم\ttab", "a [2Jb cgnp.exex  🏳️‍🌈 نمی‌خواهم tab"
	if got := text.Printable(in); got != want {
		t.Errorf("got %q", got)
	}
}

// Whatever the bytes, Decode returns the input as UTF-8 without marks, or an error with an
// encoding or a place.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"a boat", "\ufeffa", "\xff\xfea\x00", "caf\xe9", "\xed\xa0\xbd\xed\xb0\x9f", "a\x00b\x00", "\x8e\x86\x82", german + "\xc3"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := text.Decode(data)
		var not *text.NotUTF8
		switch {
		case err == nil:
			if !utf8.ValidString(got) || strings.Contains(got, "\ufeff") || got != strings.ReplaceAll(string(data), "\ufeff", "") {
				t.Errorf("%q became %q", data, got)
			}
		case !errors.As(err, &not) || not.Looks == "" && (not.Place.Line < 1 || not.Place.Column < 1):
			t.Errorf("%q: %#v", data, err)
		}
	})
}

// Object accepts what encoding/json accepts as an object, and reports a place within the
// text for everything else. Without faults, no value has become U+FFFD.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{"prompt":"x",}`, `{"a":"\ud83d"}`, `{“a”:1}`, `{"a":{"b":[1,{"c":"\udc00"}]}}`, `{"a":1,"a":2}`, "{//\n}", "tru", `{"a":"\`, `[[`, `{"a":"x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return // Decode runs first
		}
		object, faults, err := text.Object(s)
		var want map[string]any
		decodes := json.Unmarshal([]byte(s), &want) == nil && want != nil
		var number *json.UnmarshalTypeError
		if !decodes && !errors.As(json.Unmarshal([]byte(s), &want), &number) && err == nil || decodes && err != nil {
			t.Fatalf("%q: got %v", s, err)
		}
		if err == nil {
			plain, _ := json.Marshal(object)
			if len(faults) == 0 && strings.Contains(string(plain), "\ufffd") && !strings.Contains(s, "\ufffd") && !strings.Contains(strings.ToLower(s), `\ufffd`) && !strings.Contains(s, `\u`) {
				t.Errorf("%q has a U+FFFD", s)
			}
			return
		}
		var bad *text.NotJSON
		if errors.As(err, &bad) && (bad.Line < 1 || bad.Column < 1 || bad.Cause == "" || bad.Line > strings.Count(s, "\n")+strings.Count(s, "\r")+1 || !utf8.ValidString(err.Error())) {
			t.Errorf("%q: %#v", s, bad)
		}
	})
}

// An accepted text has no characters that could trouble a program.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"a boat", "\u200b", "🏴\U000e0067\U000e007f", "a\U000e0001", "\ufffd", "\x1b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := text.Check(s)
		if err == nil && (strings.TrimSpace(s) == "" || strings.ContainsAny(s, "\x00\x1b\x7f\ufffd\ufffe")) {
			t.Errorf("%q is taken", s)
		}
		if err != nil && !utf8.ValidString(err.Error()) {
			t.Errorf("%q: %q", s, err)
		}
		text.Lines(s)
		if strings.ContainsAny(text.Printable(s), "\x1b\u009b\u202e\n") {
			t.Errorf("%q is printed", s)
		}
	})
}
