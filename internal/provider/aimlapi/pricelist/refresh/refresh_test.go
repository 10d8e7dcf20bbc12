package refresh_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist/refresh"
)

type function struct {
	out   lambda.InvokeOutput
	err   error
	given string
}

func (f *function) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	f.given = *in.FunctionName + " " + string(in.Payload)
	return &f.out, f.err
}

func TestPrices(t *testing.T) {
	f := &function{out: lambda.InvokeOutput{Payload: []byte(`{"asked":true,"models":15}`)}}
	if got, err := refresh.Prices(t.Context(), f, "takeup-prices"); err != nil || !got.Asked || got.Models != 15 || f.given != `takeup-prices {"force": true}` {
		t.Errorf("got %+v, %v of %s", got, err, f.given)
	}
	for name, c := range map[string]struct {
		function
		name, want string
	}{
		"no output": {name: "", want: "no output PricesFunction"},
		"not let":   {function: function{err: errors.New("denied")}, name: "f", want: "denied"},
		"it fails":  {function: function{out: lambda.InvokeOutput{FunctionError: aws.String("Unhandled"), Payload: []byte(`{"errorMessage":"the provider gave no usable answer"}`)}}, name: "f", want: "Unhandled: the provider gave no usable answer"},
		"no answer": {function: function{out: lambda.InvokeOutput{Payload: []byte(`null"`)}}, name: "f", want: `answers "null`},
	} {
		if _, err := refresh.Prices(t.Context(), &c.function, c.name); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
