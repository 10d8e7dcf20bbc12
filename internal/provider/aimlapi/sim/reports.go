package sim

import (
	"errors"
	"net/http"

	"github.com/takeup/takeup/internal/provider/aimlapi/sim/report"
	"github.com/takeup/takeup/internal/provider/aimlapi/sim/script"
)

// logs handles GET /v2/logs.
func (s *Server) logs(x *exchange) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.settle()
	if s.overRate(script.KindLogs, x.key, now, s.settings.LogsPerMinute) {
		return s.tooMany(x)
	}
	page, err := report.Logs(s.rows, x.key, x.query, now, x.fault.HideEvery)
	return s.reported(x, page, err)
}

// transactions handles GET /v2/billing/transactions.
func (s *Server) transactions(x *exchange) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	page, err := report.Transactions(s.entries, x.query, x.fault.HideEvery)
	return s.reported(x, page, err)
}

// metrics handles GET /models/metrics.
func (s *Server) metrics(x *exchange) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.settle()
	names := make([]string, len(s.models))
	for i, m := range s.models {
		names[i] = m.Name
	}
	page, err := report.Metrics(s.completions, names, x.query, now)
	return s.reported(x, page, err)
}

// billing handles GET /v2/billing.
func (s *Server) billing(*exchange) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	return reply{status: http.StatusOK, body: report.Billing(s.balance)}
}

// accountBalance handles GET /v1/billing/balance.
func (s *Server) accountBalance(*exchange) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.settle()
	return reply{status: http.StatusOK, body: report.Balance(s.balance, now)}
}

// listModels handles GET /v1/models and GET /models.
func (s *Server) listModels(x *exchange) reply {
	header := http.Header{"Etag": {s.list.Tag}}
	if s.list.Has(x.r.Header.Values("If-None-Match")) {
		return reply{status: http.StatusNotModified, header: header, body: []byte{}}
	}
	return reply{status: http.StatusOK, header: header, body: s.list.Page(x.query)}
}

func (s *Server) reported(x *exchange, page any, err error) reply {
	var refused *report.Refusal
	if errors.As(err, &refused) {
		return s.refuse(x, refused.Status, refused.Message)
	}
	return reply{status: http.StatusOK, body: page}
}
