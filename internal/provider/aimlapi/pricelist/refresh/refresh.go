// Package refresh invokes a stack's function that refreshes the provider's price list. It is a
// package of its own so that the functions, which keep that list, don't link the client of Lambda.
package refresh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/takeup/takeup/internal/provider/aimlapi/pricelist"
)

// Invoker invokes functions.
type Invoker interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Prices invokes the named function to refresh its list, however fresh the list is, and
// returns the result. It needs lambda:InvokeFunction.
func Prices(ctx context.Context, invoker Invoker, function string) (pricelist.Result, error) {
	if function == "" {
		return pricelist.Result{}, errors.New("the stack has no output PricesFunction; is it a stack of Takeup, deployed whole?")
	}
	out, err := invoker.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: []byte(`{"force": true}`)})
	if err != nil {
		return pricelist.Result{}, fmt.Errorf("invoking %s: %w", function, err)
	}
	if out.FunctionError != nil {
		var failure struct {
			Message string `json:"errorMessage"`
		}
		_ = json.Unmarshal(out.Payload, &failure) // without a message, the function's error type is reported
		return pricelist.Result{}, fmt.Errorf("%s: %s", *out.FunctionError, failure.Message)
	}
	var got pricelist.Result
	if err := json.Unmarshal(out.Payload, &got); err != nil {
		return pricelist.Result{}, fmt.Errorf("%s answers %.100q", function, out.Payload)
	}
	return got, nil
}
