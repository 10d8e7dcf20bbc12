"""Starts MiniStack, patched where it differs from AWS.

TLS: MiniStack is called over plain http on loopback, which the buckets' policies refuse.
So a request counts as one over TLS, as behind a proxy that terminates TLS, unless its
headers say otherwise.

Keys in policies: MiniStack doesn't set dynamodb:LeadingKeys, the partition keys of the
items that a request writes. Here it is set.

Stopped executions: MiniStack keeps retrying the task in which an execution was stopped,
and lets that change the execution's status. Here a stopped execution stays stopped.
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
        keys = []  # an invalid request, which is refused anyway
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
