"""Prints a SAM template as CloudFormation gets it, after the transform, as JSON.

It runs in the environment of the pinned SAM CLI, needs no network, and stands in for
what sam package uploads: local code and definitions become objects of no bucket.
"""

import json
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

with open(sys.argv[1], encoding="utf-8") as file:
    template = yaml_parse(file.read())
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        resource["Properties"]["CodeUri"] = "s3://bucket/code"
    if resource["Type"] == "AWS::StepFunctions::StateMachine":
        resource["Properties"]["DefinitionS3Location"] = {"Bucket": "bucket", "Key": "definition"}
json.dump(Translator({}, Parser()).translate(template, {}), sys.stdout, indent=1)
