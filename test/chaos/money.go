package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/provider/aimlapi"
	"github.com/takeup/takeup/internal/table"
	"github.com/takeup/takeup/internal/video"
)

// overcharged is how many times its price is charged for some generations.
const overcharged = 3

// maxUsdPerDay is where SubmitFunction finds the day's cap.
const maxUsdPerDay = "MAX_USD_PER_DAY"

// caps are those of a run with caps: so low that most jobs wait for a slot, and that the
// day's money is over at less than half of the jobs. The operator raises that cap then.
type caps struct {
	slots int64
	step  int64 // USD of the day, and those that its cap is raised by; 0: no cap
}

// capsOf gives none for a run without caps.
func capsOf(o Options) *caps {
	switch {
	case o.Caps:
		return &caps{slots: int64(max(2, min(o.Jobs/8, o.UnderWay/4))), step: int64(max(1, o.Jobs*2/5))}
	case o.Slots > 0:
		return &caps{slots: int64(o.Slots)}
	}
	return nil
}

// account is what the attempts of all jobs cost, as the transactions left it that passed
// DynamoDB's proxy. Those are carried out one after another while it keeps count.
type account struct {
	mu    sync.Mutex
	seen  map[string]bool                   // transactions, by their tokens
	money map[string]map[string]video.Money // by the job's partition and the attempt

	dayMicros, slots int64                      // the caps in force
	over             int64                      // the most by which a claim exceeded a cap, in micro-dollars or slots
	waited           map[string]map[string]bool // the jobs, by the limit
	holds            []*hold                    // in the order of the claims
}

// hold is a slot that an attempt has.
type hold struct {
	job              string
	created, claimed time.Time
	freed            time.Time // zero: not yet
}

// passed is by how many younger jobs a job was passed at most.
func (a *account) passed() int {
	most := 0
	for i, h := range a.holds {
		by := 0
		for _, before := range a.holds[:i] {
			if before.created.After(h.created) {
				by++
			}
		}
		most = max(most, by)
	}
	return most
}

// ideal is how long the slots would have been held had each gone to the next claim as
// soon as it was freed, and how long that took.
func (a *account) ideal() (ideal, took time.Duration) {
	free := make([]time.Duration, a.slots)
	for _, h := range a.holds {
		next := slices.Index(free, slices.Min(free))
		free[next] += h.freed.Sub(h.claimed)
		took = max(took, h.freed.Sub(a.holds[0].claimed))
	}
	return slices.Max(free), took
}

func newAccount(c *caps) *account {
	return &account{
		seen: map[string]bool{}, money: map[string]map[string]video.Money{}, waited: map[string]map[string]bool{},
		dayMicros: c.step * 1e6, slots: c.slots,
	}
}

// amounts are an item of a job, as far as it tells of its money.
type amounts struct {
	keys
	CreatedAt attribute `json:"created_at"`
	Money     struct {
		L []struct {
			M struct {
				Attempt, Micros struct{ N string }
				Day, State      attribute
				Slot            struct{ BOOL bool }
			}
		}
	} `json:"money"`
	FullOf attribute `json:"full_of"`
}

// carry has a call carried out, and counts what it wrote.
func (a *account) carry(r *http.Request, body []byte, forward func() (*answer, error)) (*answer, error) {
	c := readCall(r, body)
	if c.operation != "TransactWriteItems" && c.operation != "PutItem" {
		return forward()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	got, err := forward()
	if err != nil || got.status != http.StatusOK || c.ClientRequestToken != "" && a.seen[c.ClientRequestToken] {
		return got, err
	}
	a.seen[c.ClientRequestToken] = c.ClientRequestToken != ""
	var in struct {
		Item          amounts
		TransactItems []struct{ Put struct{ Item amounts } }
	}
	_ = json.Unmarshal(body, &in) // it was carried out
	a.take(in.Item)
	for _, item := range in.TransactItems {
		a.take(item.Put.Item)
	}
	return got, nil
}

// take takes over what an item says of its job's money. An attempt that is new is claimed.
func (a *account) take(item amounts) {
	job := item.Partition.S
	if item.Sort.S != "job" {
		return
	}
	if full := item.FullOf.S; full != "" {
		if a.waited[full] == nil {
			a.waited[full] = map[string]bool{}
		}
		a.waited[full][job] = true
	}
	before, after, slot := a.money[job], map[string]video.Money{}, false
	var claimed *video.Money
	for _, part := range item.Money.L {
		micros, _ := strconv.ParseInt(part.M.Micros.N, 10, 64) // the table writes numbers
		m := video.Money{Day: part.M.Day.S, Micros: micros, State: video.MoneyState(part.M.State.S), Slot: part.M.Slot.BOOL}
		if _, known := before[part.M.Attempt.N]; !known {
			claimed = &m
		}
		after[part.M.Attempt.N] = m
		slot = slot || m.Slot
	}
	for _, h := range a.holds {
		if h.job == job && !slot && h.freed.IsZero() {
			h.freed = time.Now()
		}
	}
	a.money[job] = after
	if claimed == nil {
		return
	}
	created, _ := time.Parse(time.RFC3339Nano, item.CreatedAt.S) // the table writes times
	a.holds = append(a.holds, &hold{job: job, created: created, claimed: time.Now()})
	held, slots := int64(0), int64(0)
	for _, attempts := range a.money {
		for _, m := range attempts {
			if m.Day == claimed.Day {
				held += m.Held()
			}
			if m.Slot {
				slots++
			}
		}
	}
	a.over = max(a.over, slots-a.slots)
	if a.dayMicros > 0 {
		a.over = max(a.over, held-a.dayMicros)
	}
}

// raise takes over the day's cap, before the first claim can be made by it.
func (a *account) raise(usd int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dayMicros = usd * 1e6
}

// raised is how often the day's cap is raised while jobs wait for it.
const raised = 20 * time.Second

// meet raises the day's cap while jobs wait for it, until ctx is over, and has them tried
// again then, as an operator does.
func (w *world) meet(ctx context.Context) error {
	usd := w.caps.step
	tick := time.NewTicker(raised)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := w.wake(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("stopping what sleeps: %w", err)
		}
		waiting := w.waiting(ctx)
		if len(waiting) == 0 {
			continue
		}
		usd += w.caps.step
		w.account.raise(usd)
		if err := w.setCap(ctx, usd); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("raising the day's cap: %w", err)
		}
		w.plan.note("event", "the day's cap raised", "")
		for _, j := range waiting {
			_, _, _ = w.call(ctx, http.MethodPost, api.PathOf(api.RetryPath, j.id)) // what waits is found again
		}
	}
}

// wake stops the executions that sleep until the next day for jobs which go on in a later
// one: a retry that met a fault may leave the one that waited.
func (w *world) wake(ctx context.Context) error {
	machine := w.stack.Outputs["StateMachineArn"]
	reply, err := w.sfn.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, StatusFilter: sfntypes.ExecutionStatusRunning, MaxResults: 1000})
	if err != nil {
		return err
	}
	for _, e := range reply.Executions {
		id, _ := video.RedriveOf(*e.Name)
		entry, err := w.entry(ctx, id)
		if err != nil {
			return err
		}
		if entry == nil || entry.Execution == *e.Name || time.Since(*e.StartDate) < raised {
			continue
		}
		// It may have ended by itself meanwhile.
		if _, err := w.sfn.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: e.ExecutionArn}); err == nil {
			w.plan.note("event", "a superseded execution stopped", "")
		}
	}
	return nil
}

// waiting gives the jobs that wait for the day's money.
func (w *world) waiting(ctx context.Context) []*job {
	w.mu.Lock()
	var pending []*job
	for j := range w.pending {
		pending = append(pending, j)
	}
	w.mu.Unlock()
	return slices.DeleteFunc(pending, func(j *job) bool {
		entry, err := w.entry(ctx, j.id)
		if err != nil || entry == nil {
			return true // it is looked at again
		}
		kind, _ := entry.Held()
		return kind != video.WaitCap || entry.FullOf != video.LimitDay
	})
}

// setCap gives SubmitFunction another cap for the day.
func (w *world) setCap(ctx context.Context, usd int64) error {
	name := w.functions["SubmitFunction"]
	function, err := w.lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return err
	}
	function.Environment.Variables[maxUsdPerDay] = strconv.FormatInt(usd, 10)
	_, err = w.lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: &name, Environment: &types.Environment{Variables: function.Environment.Variables},
	})
	return err
}

// checkMoney: nothing is reserved or in flight when all has ended, and the counters are
// the sums of the items.
func (w *world) checkMoney(ctx context.Context, r *Result) error {
	days, months := map[string]int64{}, map[string]table.Counters{}
	for _, j := range w.jobs {
		entry, err := w.entry(ctx, j.id)
		if err != nil {
			return err
		}
		if entry == nil {
			continue
		}
		for _, m := range entry.Money {
			sum := months[m.Month()]
			switch m.State {
			case video.MoneyReserved:
				sum.Reserved += m.Micros
			case video.MoneySpent:
				sum.Spent += m.Micros
			case video.MoneyUncertain:
				sum.Uncertain += m.Micros
			}
			if m.Slot {
				sum.InFlight++
			}
			sum.Held = sum.Reserved + sum.Spent + sum.Uncertain
			months[m.Month()] = sum
			days[m.Day] += m.Held()
			if m.State == video.MoneyReserved || m.Slot {
				r.add(leaked, j, "it has ended, and attempt %d is %s, with a slot: %v", m.Attempt, m.State, m.Slot)
			}
		}
	}
	for month, want := range months {
		got, err := w.table.Month(ctx, month)
		if err != nil {
			return err
		}
		if got != want {
			r.add(leaked, nil, "%s counts %+v, and its items %+v", month, got, want)
		}
		r.money.Reserved += got.Reserved
		r.money.Spent += got.Spent
		r.money.Uncertain += got.Uncertain
	}
	for day, want := range days {
		got, err := w.table.Day(ctx, day)
		if err != nil {
			return err
		}
		if got != want {
			r.add(leaked, nil, "%s holds %d, and its items %d", day, got, want)
		}
	}
	r.charged = aimlapi.MicrosOfCredits(w.provider.server.Ledger().ChargedCredits)
	r.account = w.account
	return nil
}
