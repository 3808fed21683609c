"""Input that says nothing or means harm, for every text of an operation in turn."""

from botocore.exceptions import ClientError, ParamValidationError

ODD = ["\0", "__proto__ \U0001f600", '{"__proto__":[null]}']


def plain(shape):
    """Something that says nothing, of the right kind."""
    kinds = {"list": ["x-none"], "structure": {}, "string": "x-none", "boolean": True, "integer": 1}
    return kinds.get(shape.type_name, b"x")


def variants(shape):
    """Of an operation's input: nothing, and each text in turn replaced by odd ones."""
    usual = {name: plain(shape.members[name]) for name in shape.required_members}
    yield {}
    for name, member in shape.members.items():
        for odd in ODD:
            if member.type_name == "string":
                yield {**usual, name: odd}
            elif member.type_name == "list":
                yield {**usual, name: [odd]}
            elif member.type_name == "map":
                yield {**usual, name: {odd: odd}}


def assert_bears(client, operations):
    """Whatever is sent is answered or refused; none of it is the server's own fault.

    `client` must not check parameters.
    """
    methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    for operation in operations:
        shape = client.meta.service_model.operation_model(operation).input_shape
        for arguments in variants(shape) if shape else ():
            try:
                getattr(client, methods[operation])(**arguments)
            except (AttributeError, TypeError, ParamValidationError):
                continue  # The client itself cannot send it.
            except ClientError as error:
                status = error.response["ResponseMetadata"]["HTTPStatusCode"]
                assert 400 <= status < 500, (operation, arguments, error)
