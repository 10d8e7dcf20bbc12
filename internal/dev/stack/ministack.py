"""Starts MiniStack, patched where it differs from AWS.

TLS: MiniStack is called over plain http on loopback, which the buckets' policies refuse.
So a request counts as one over TLS, as behind a proxy that terminates TLS, unless its
headers say otherwise.

Keys in policies: MiniStack doesn't set dynamodb:LeadingKeys, the partition keys of the
items that a request writes. Here it is set.

Batches of messages: MiniStack asks for permissions that AWS doesn't have. Here a batch needs
the permission of a single message:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html

Queues of functions: MiniStack removes what a function has taken by replacing the queue's list
in another thread, and loses a message that is sent meanwhile. Here the list stays the same.

Stopped executions: MiniStack keeps retrying the task in which an execution was stopped,
and lets that change the execution's status. It goes on with the items of a Distributed Map
whose execution was stopped. Here a stopped execution stays stopped, and so do the children
of its Map and the executions that these wait for.

Nested executions: MiniStack runs startExecution.sync under a name that is in use or was used
once more, and sends no status events for it. Here a name is accepted once, as elsewhere. A
running execution of that name with the same input is waited for, since StartExecution is
idempotent then:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html

Alarms on expressions: MiniStack refuses a stack that has one. Here it is created, and only
SetAlarmState changes its state.
"""

import json
import threading
import time

import ministack.app
import ministack.core.iam_actions as iam_actions
import ministack.services.cloudformation.provisioners as provisioners
import ministack.services.sqs as sqs
import ministack.services.stepfunctions as stepfunctions

served = ministack.app.app
service_context = iam_actions.dynamodb_service_context
extract_action = iam_actions.extract_iam_action
add_event, fail_execution = stepfunctions._add_event, stepfunctions._fail_execution
alarm_record = provisioners._cw_metric_alarm_record
scheduling = threading.local()  # the execution whose task is being scheduled in this thread


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


def action_of_one(service, *request, **more):
    action = extract_action(service, *request, **more)
    return action.removesuffix("Batch") if service == "sqs" and action else action


def remove_taken(queue_url, handles):
    messages = sqs._get_q(queue_url)["messages"]
    for message in list(messages):
        if message.get("receipt_handle") in handles:
            messages.remove(message)


def stopped(execution):
    if execution.get("status") == "ABORTED":
        return True
    run = stepfunctions._map_runs.get(execution.get("mapRunArn") or "")
    parent = run and stepfunctions._executions.get(run["executionArn"])
    return bool(parent) and stopped(parent)


def add_event_unless_stopped(execution, event_type, *details):
    if event_type == "TaskScheduled":
        if stopped(execution):
            raise RuntimeError("the execution was stopped")
        scheduling.execution = execution
    return add_event(execution, event_type, *details)


def run_nested(resource, request):
    caller, request = getattr(scheduling, "execution", {}), stepfunctions._nested_start_execution_request(request)
    status, _, body = stepfunctions._start_execution(request)
    reply = json.loads(body)
    if status < 400:
        nested = stepfunctions._executions[reply["executionArn"]]
    else:
        nested = same(request, reply)
    while nested["status"] == "RUNNING":
        if stopped(caller):
            stepfunctions._stop_execution({"executionArn": nested["executionArn"]})
            raise RuntimeError("the execution was stopped")
        time.sleep(0.1)
    described = {
        "ExecutionArn": nested["executionArn"], "Input": nested["input"], "InputDetails": nested["inputDetails"], "Name": nested["name"],
        "Output": nested["output"], "OutputDetails": nested["outputDetails"], "StartDate": nested["startDate"],
        "StateMachineArn": nested["stateMachineArn"], "Status": nested["status"], "StopDate": nested["stopDate"],
    }
    if nested["status"] != "SUCCEEDED":
        failed = {"Error": nested.get("error"), "Cause": nested.get("cause")}
        raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps({**described, **failed}))
    if resource.endswith(".sync:2"):
        described["Output"] = json.loads(described["Output"] or "{}")
    return described


def same(request, refused):
    machine = request["stateMachineArn"].replace(":stateMachine:", ":execution:")
    execution = stepfunctions._executions.get(machine + ":" + request.get("name", ""))
    if execution and execution["status"] == "RUNNING" and execution["input"] == request["input"]:
        return execution
    name = f"StepFunctions.{refused.get('__type', 'Unknown')}Exception"
    raise stepfunctions._ExecutionError(name, refused.get("message", ""))


def fail_unless_stopped(execution, error, cause):
    if not stopped(execution):
        fail_execution(execution, error, cause)


def record_of_expressions_too(name, properties):
    if not properties.get("Metrics"):
        return alarm_record(name, properties)
    rest = {key: value for key, value in properties.items() if key != "Metrics"}
    return {**alarm_record(name, {**rest, "MetricName": "-", "Namespace": "-"}), "MetricName": None, "Namespace": None}


ministack.app.app = app
iam_actions.dynamodb_service_context = context_with_keys
provisioners._cw_metric_alarm_record = record_of_expressions_too
iam_actions.extract_iam_action = action_of_one
sqs._delete_messages_for_esm = remove_taken
stepfunctions._add_event = add_event_unless_stopped
stepfunctions._fail_execution = fail_unless_stopped
stepfunctions._invoke_nested_start_execution_sync = run_nested
ministack.app.main()
