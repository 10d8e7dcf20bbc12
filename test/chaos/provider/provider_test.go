package provider

import (
	"encoding/json"
	"testing"
)

func TestSpoilLeavesAJobOut(t *testing.T) {
	page := []byte(`{"data":[{"client_request_id":"a.1","status":"succeeded"},{"client_request_id":"b.1"},{"client_request_id":null}],"pagination":{"total":3,"has_more":false}}`)
	for _, test := range []struct {
		do     records
		rows   int
		naming int
	}{{records{short: true}, 2, 1}, {records{nameless: true}, 3, 1}} {
		var got struct {
			Data []struct {
				ID *string `json:"client_request_id"`
			}
			Pagination struct{ Total int }
		}
		if err := json.Unmarshal(spoil(page, "a", test.do), &got); err != nil {
			t.Fatal(err)
		}
		naming := 0
		for _, row := range got.Data {
			if row.ID != nil {
				naming++
			}
		}
		if len(got.Data) != test.rows || naming != test.naming || got.Pagination.Total != 3 {
			t.Errorf("%+v: %d rows, %d with a name, of %d", test.do, len(got.Data), naming, got.Pagination.Total)
		}
	}
}
