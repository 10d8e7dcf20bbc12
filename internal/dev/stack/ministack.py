"""Starts MiniStack as AWS is met.

Over TLS: MiniStack itself is spoken to by plain http on loopback, and the buckets'
policies refuse plain http. A request that doesn't say otherwise counts as one whose
TLS was ended by a proxy on its way here.

With keys in policies: MiniStack doesn't tell a policy which items of a table a write is
for. What is known of it is the table's own partition key.

With executions that stay stopped: MiniStack goes on trying the task that an execution
was stopped in, and lets that give the execution another end.
"""

import json

import ministack.app
import ministack.core.iam_actions as iam_actions
import ministack.services.stepfunctions as stepfunctions

served = ministack.app.app
service_context = iam_actions.dynamodb_service_context
add_event, fail_execution = stepfunctions._add_event, stepfunctions._fail_execution


async def app(scope, receive, send):
    if scope["type"] == "http" and not any(name.lower() == b"x-forwarded-proto" for name, _ in scope["headers"]):
        scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
    await served(scope, receive, send)


def context_with_keys(body):
    try:
        keys = list(leading_keys(json.loads(body)))
    except (AttributeError, KeyError, TypeError, ValueError):
        keys = []  # no such request is carried out
    return {**service_context(body), **({"dynamodb:LeadingKeys": keys} if keys else {})}


def leading_keys(request):
    writes = [request]
    for item in request.get("TransactItems", []):
        writes.extend(item.values())
    for write in writes:
        for item in (write.get("Item"), write.get("Key")):
            if item:
                yield item["pk"]["S"]


def stopped(execution):
    return execution.get("status") == "ABORTED"


def add_event_unless_stopped(execution, event_type, *details):
    if event_type == "TaskScheduled" and stopped(execution):
        raise RuntimeError("the execution was stopped")
    return add_event(execution, event_type, *details)


def fail_unless_stopped(execution, error, cause):
    if not stopped(execution):
        fail_execution(execution, error, cause)


ministack.app.app = app
iam_actions.dynamodb_service_context = context_with_keys
stepfunctions._add_event = add_event_unless_stopped
stepfunctions._fail_execution = fail_unless_stopped
ministack.app.main()
