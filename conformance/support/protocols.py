"""Clients that speak a protocol other than the one their botocore would choose."""

import boto3
import botocore.session
from botocore.loaders import Loader

# What the query model of SQS said before botocore moved it to JSON: how flattened members are called.
_SQS_LISTS = {
    "AttributeNameList": "AttributeName",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
    "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
    "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
    "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageList": "Message",
    "QueueUrlList": "QueueUrl",
    "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
    "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
    "TagKeyList": "TagKey",
}
_SQS_MAPS = {
    "QueueAttributeMap": ("Attribute", "Name"),
    "MessageSystemAttributeMap": ("Attribute", "Name"),
    "MessageBodyAttributeMap": ("MessageAttribute", "Name"),
    "MessageBodySystemAttributeMap": ("MessageSystemAttribute", "Name"),
    "TagMap": ("Tag", "Key"),
}


def _sqs_over_query(model):
    for operation, facts in model["operations"].items():
        if "output" in facts:
            facts["output"]["resultWrapper"] = f"{operation}Result"
    for shape_name, shape in model["shapes"].items():
        if shape_name in _SQS_LISTS:
            shape["member"]["locationName"] = _SQS_LISTS[shape_name]
        if shape_name in _SQS_MAPS:
            shape["key"]["locationName"] = _SQS_MAPS[shape_name][1]
            shape["value"]["locationName"] = "Value"
        for member in shape.get("members", {}).values():
            if member["shape"] in _SQS_MAPS:
                member["locationName"] = _SQS_MAPS[member["shape"]][0]
    return model


class _OneProtocol(Loader):
    def __init__(self, service, protocol, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.chosen = (service, protocol)

    def load_service_model(self, service_name, type_name, api_version=None):
        model = super().load_service_model(service_name, type_name, api_version)
        service, protocol = self.chosen
        if service_name == service and type_name == "service-2":
            metadata = {**model["metadata"], "protocol": protocol, "protocols": [protocol]}
            if protocol == "query":
                metadata.pop("awsQueryCompatible", None)
            model = {**model, "metadata": metadata}
            if (service, protocol) == ("sqs", "query"):
                model = _sqs_over_query(model)
        return model


def client_over(protocol, service):
    """A boto3 client whose model names just one protocol: query, json or smithy-rpc-v2-cbor."""
    session = botocore.session.Session()
    standard = session.get_component("data_loader")
    loader = _OneProtocol(service, protocol, extra_search_paths=standard.search_paths)
    session.register_component("data_loader", loader)
    return boto3.Session(botocore_session=session).client(service)
