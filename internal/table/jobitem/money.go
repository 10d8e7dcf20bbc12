package jobitem

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/takeup/takeup/internal/budget"
	"github.com/takeup/takeup/internal/table/dynamo"
)

func encodeMoney(all []budget.Money) types.AttributeValue {
	list := &types.AttributeValueMemberL{}
	for _, m := range all {
		item := dynamo.Attributes{}
		item.PutNumber("attempt", int64(m.Attempt))
		item.Put("day", m.Day)
		item.PutNumber("micros", m.Micros)
		item.Put("state", string(m.State))
		item.PutFlag("slot", m.Slot)
		list.Value = append(list.Value, &types.AttributeValueMemberM{Value: item})
	}
	return list
}

func readMoney(r *dynamo.Reader) []budget.Money {
	switch list := r.Attributes["money"].(type) {
	case nil:
		return nil
	case *types.AttributeValueMemberL:
		var all []budget.Money
		for _, value := range list.Value {
			part, ok := value.(*types.AttributeValueMemberM)
			if !ok {
				break
			}
			of := dynamo.Reader{Attributes: part.Value}
			m := budget.Money{
				Attempt: int(of.Number("attempt")), Day: of.Text("day"), Micros: of.Number("micros"),
				State: budget.State(of.Text("state")), Slot: of.Flag("slot"),
			}
			if _, err := time.Parse(time.DateOnly, m.Day); err != nil {
				of.Fail("day", err)
			}
			r.Whole("money", of)
			all = append(all, m)
		}
		if len(all) == len(list.Value) {
			return all
		}
	}
	r.Fail("money", dynamo.ErrType)
	return nil
}
