package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/takeup/takeup/internal/reconcile"
)

func TestReportIsShown(t *testing.T) {
	at := time.Date(2026, 8, 21, 12, 0, 0, 0, time.UTC)
	report := reconcile.Report{
		From: at, To: at, Paid: 1, Credits: 7,
		Findings: []reconcile.Finding{{Kind: reconcile.Charge, What: "uuid-1", At: at, Credits: 7, Detail: "paid", ToDo: "ask"}},
		Unknown:  []reconcile.Unknown{{Source: "logs", Reason: "refused"}},
		Notes:    []reconcile.Note{{What: "uuid-2", Job: "a", Detail: "no charge of it is there (yet)"}},
	}
	var out bytes.Buffer
	if err := (&reconcileCommand{}).show(&out, report); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"charge  uuid-1  -    2026-08-21T12:00:00Z  7        paid  ask\n", "unknown: logs: refused\n", "note: uuid-2 (job a): no charge", "1 named, 1 unknown\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	out.Reset()
	var read reconcile.Report
	if err := (&reconcileCommand{JSON: true}).show(&out, report); err != nil || json.Unmarshal(out.Bytes(), &read) != nil || read.Findings[0].ToDo != "ask" {
		t.Errorf("got %v, %s", err, out.String())
	}
}

func TestReconcileStatuses(t *testing.T) {
	if got := exitStatus(&unsettled{findings: 1}, false); got != 3 {
		t.Errorf("something named: %d", got)
	}
	for _, args := range [][]string{{"reconcile", "--since", "0s"}, {"reconcile", "--since", "2161h"}, {"reconcile", "--region", "eu-west-1"}, {"redrive"}, {"redrive", "a", "--all"}} {
		if err := command(t.Context(), &world{}, args); exitStatus(err, false) != exitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestDescribe(t *testing.T) {
	const whole = `<Outputs><member><OutputKey>VideosBucket</OutputKey><OutputValue>v</OutputValue></member>
		<member><OutputKey>PromptsBucket</OutputKey><OutputValue>p</OutputValue></member>
		<member><OutputKey>StateMachineArn</OutputKey><OutputValue>m</OutputValue></member>
		<member><OutputKey>ProviderKeySecret</OutputKey><OutputValue>s</OutputValue></member></Outputs>`
	const parameter = `<Parameters><member><ParameterKey>ProviderBaseUrl</ParameterKey><ParameterValue>https://provider.example/</ParameterValue></member></Parameters>`
	for _, test := range []struct{ name, stack, want string }{
		{"whole", whole + parameter, ""},
		{"another's", parameter, "no output VideosBucket"},
		{"without the provider", whole, "no parameter ProviderBaseUrl"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/xml")
				_, err := w.Write([]byte("<DescribeStacksResponse><DescribeStacksResult><Stacks><member>" + test.stack + "</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"))
				if err != nil {
					t.Error(err)
				}
			}))
			defer server.Close()
			access, err := describe(t.Context(), aws.Config{
				Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
			}, "takeup")
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || access.provider != "https://provider.example" || access.outputs["VideosBucket"] != "v" {
				t.Errorf("got %+v, %v", access, err)
			}
		})
	}
}
