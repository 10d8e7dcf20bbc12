package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
)

// inDollars returns an expression for an amount as the page formats it.
func inDollars(amount string) string {
	return "new Intl.NumberFormat('en-US', {style: 'currency', currency: 'USD', maximumFractionDigits: 4, trailingZeroDisplay: 'stripIfInteger'}).format(" + amount + ")"
}

// fits fails the test if the usage is wider than its dialog, or the dialog wider than the
// screen.
func (p *tab) fits(name string) {
	p.Helper()
	if over := eval[int](p, "(() => { const d = document.getElementById('usage'); return Math.max(d.scrollWidth - d.clientWidth, d.getBoundingClientRect().right - innerWidth); })()"); over > 0 {
		p.Errorf("%s: the usage is %d pixels too wide", name, over)
	}
}

// testUsage checks the costs of the videos of earlier tests.
func (w *world) testUsage(t *testing.T) {
	before := w.front.count()
	p := w.tab(t)
	p.signIn()
	calls := client.New(client.Config{BaseURL: w.stack.API, Token: w.stack.Token, HTTP: http.DefaultClient})
	p.await("the figures", "!document.getElementById('spent').hidden")
	control, err := calls.Control(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for id, spent := range map[string]string{"spent-today": control.Caps.Day.Spent.String(), "spent-month": control.Caps.Month.Spent.String()} {
		p.await(id, "document.querySelector("+js("#"+id+" strong")+").textContent === "+inDollars(spent))
		if spent == "0" {
			t.Errorf("%s: nothing was spent", id)
		}
	}
	for _, r := range w.front.since(before) {
		if strings.HasSuffix(r.path, "/usage") {
			t.Errorf("%s was asked for before anybody wanted to see it", r.path)
		}
	}
	p.click(css("#spent"))
	p.await("the chart", "document.querySelector('#usage[open] .chart rect.spent')")
	used, err := calls.Usage(t.Context(), api.UsageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	p.await("the sum", fmt.Sprintf("document.getElementById('usage-sum').textContent.startsWith('%d video' + (%[1]d === 1 ? '' : 's') + ' for ' + %[2]s)", used.Total.Videos, inDollars(used.Total.Spent.String())))
	p.await("the balance", "document.getElementById('usage-balance').textContent.startsWith("+js("The provider's account has ")+" + "+inDollars(used.Balance.USD.String())+")")
	if label := eval[string](p, "document.querySelector('.chart').getAttribute('aria-label')"); !strings.Contains(label, "the most, $") {
		t.Errorf("the chart says %q", label)
	}
	eval[bool](p, "document.querySelector('#usage details').open = true")
	if rows := eval[int](p, "document.querySelectorAll('#usage-days tbody tr').length"); rows < 1 {
		t.Error("no day is in the table")
	}
	p.accessible("the usage")
	p.key(kb.Escape)
	p.await("the end of the dialog", "!document.getElementById('usage').open")
	if at := eval[string](p, "document.activeElement.id"); at != "spent" {
		t.Errorf("the focus is on %q", at)
	}

	// What a video cost is told soon after its end, by a page that polls nothing at intervals.
	p = w.tab(t)
	if _, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: "window.setInterval = () => 1"}); err != nil {
		t.Fatal(err)
	}
	p.signIn()
	p.await("the figures", "!document.getElementById('spent').hidden")
	spent := "document.getElementById('spent-today').textContent"
	then := eval[string](p, spent)
	p.order("a video that is paid today")
	p.await("its cost", spent+" !== "+js(then))
}

// inventedUsage returns an API response with everything that a month can show.
func inventedUsage(month string) string {
	sum := func(videos, failed, inDoubt int, spent, reserved, uncertain float64) string {
		return fmt.Sprintf(`"videos":%d,"failed":%d,"in_doubt":%d,"spent_usd":%g,"reserved_usd":%g,"uncertain_usd":%g`, videos, failed, inDoubt, spent, reserved, uncertain)
	}
	var days []string
	for day := 1; day <= 28; day++ {
		videos := day * 7 % 11
		row := sum(videos, 0, 0, float64(videos)*0.98, 0, 0)
		switch day {
		case 12:
			row = sum(1, 2, 1, 0.98, 0, 5)
		case 28:
			row = sum(3, 0, 0, 2.94, 1.96, 0)
		}
		days = append(days, fmt.Sprintf(`{"day":"%s-%02d",%s}`, month, day, row))
	}
	total := sum(137, 2, 1, 134.26, 1.96, 5)
	return fmt.Sprintf(`{"month":%q,"total":{%s},"today":null,"days":[%s],"models":[{"model":"klingai/video-v3-standard-text-to-video",%s}],"owners":[{"owner":null,%s},{"owner":"a-name-of-many-letters",%s}],"balance":{"usd":12.5,"at":"2026-08-21T12:00:00Z"}}`,
		month, total, strings.Join(days, ","), total, total, total)
}

// inventedControl has caps. The day's cap is reached.
const inventedControl = `{"paused":null,"caps":{
	"day":{"limit_usd":100,"parameter_usd":100,"spent_usd":98.5,"reserved_usd":0.98,"uncertain_usd":0.52,"resets_at":"2026-08-22T00:00:00Z"},
	"month":{"limit_usd":500,"parameter_usd":null,"spent_usd":134.26,"reserved_usd":1.96,"uncertain_usd":5,"resets_at":"2026-09-01T00:00:00Z"},
	"in_flight":{"limit":100,"parameter":100,"held":3},"owners":[],
	"override":{"by":"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Administrators/ann","at":"2026-08-21T12:00:00Z","until":"2026-08-24T12:00:00Z"}}}`

// testUsageMonth shows caps, a month full of figures and one without any, in each width and
// color scheme, and a failure of the API.
func (w *world) testUsageMonth(t *testing.T) {
	p := w.tab(t)
	month := time.Now().UTC().Format("2006-01")
	w.front.invent(inventedControl)
	stop := w.front.disturbing(t, on("/control", invent))
	p.signIn()
	p.await("the caps", "document.getElementById('spent-today').textContent.endsWith('$98.50 + $1.50 held of $100')")
	if !eval[bool](p, "document.querySelector('#spent-today progress').classList.contains('full') && !document.querySelector('#spent-month progress').classList.contains('full')") {
		t.Error("the day's cap is reached, and only that")
	}
	stop()
	w.front.invent(inventedUsage(month))
	stop = w.front.disturbing(t, on("/usage", invent))
	p.click(css("#spent"))
	p.await("the chart", "document.querySelectorAll('#usage[open] .chart rect.spent').length > 20 && document.querySelector('.chart rect.reserved') && document.querySelector('.chart rect.uncertain')")
	p.shows("/ann set the caps at ")
	p.shows("Otherwise they are $100 a day, no limit a month, 100 videos at once.")
	p.shows("137 videos for $134.26, 2 failed, $1.96 reserved, $5 uncertain for 1 in doubt")
	eval[bool](p, "document.querySelector('#usage details').open = true")
	for _, look := range []struct {
		name, scheme  string
		width, height int64
	}{{"light", "light", 1280, 900}, {"dark", "dark", 1280, 900}, {"phone light", "light", 360, 740}, {"phone dark", "dark", 390, 844}} {
		p.scheme(look.scheme)
		p.do(chromedp.EmulateViewport(look.width, look.height))
		p.await("the chart's width", "Math.abs(document.querySelector('.chart').getBoundingClientRect().width - document.getElementById('usage-chart').clientWidth) < 2")
		p.fits(look.name)
		p.accessible("usage " + look.name)
		p.shot("usage " + look.name)
	}
	stop()

	stop = w.front.disturbing(t, on("/usage", refuse))
	p.press("#usage", "‹")
	p.shows("AWS did not do its part")
	p.accessible("usage that can't be read")
	stop()
	p.press("#usage", "‹")
	p.shows("Nothing was submitted in")
	p.shows("The provider's account has")
	p.hides("AWS did not do its part")
	p.accessible("a month without usage")
	p.press("#usage", "›")
	p.press("#usage", "›")
	p.await("this month", "document.querySelector('.chart rect.spent') && document.getElementById('usage-after').disabled")
	p.press("#usage", "Close")
	p.await("the end of the dialog", "!document.getElementById('usage').open")
}
