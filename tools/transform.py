"""Prints a SAM template as JSON, as CloudFormation receives it after the transform.

Its arguments are the template, and parameters as Name=value. Others have their defaults. It runs in the environment of the pinned SAM CLI and needs no network. Local code and
definitions are replaced by dummy S3 objects, since sam package would upload them.
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
json.dump(Translator({}, Parser()).translate(template, dict(a.split("=", 1) for a in sys.argv[2:])), sys.stdout, indent=1)
