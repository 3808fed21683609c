/**
 * What stands between the server and a script in Python: loads it, calls its handler by record,
 * and keeps the channel apart from what the script prints. Not a sandbox: that is around it.
 *
 * Requests come on descriptor 3, replies go to descriptor 4, a line of JSON each. The first
 * request tells the script and the limits. A reply to a record is a list of rows, each the number
 * of a list of names, or that list when it is new, and then the cells; or `{"error": text}`.
 */
export const pythonDriver = String.raw`
import collections.abc
import decimal
import importlib.util
import inspect
import json
import linecache
import logging
import os
import sys
import traceback
import types

REQUESTS, REPLIES = 3, 4
MOST_NAME_LISTS = 1000
MOST_TRACE = 4000
HERE = __file__
INFINITE = (float("inf"), float("-inf"))


class Refused(Exception):
    pass


class Side:
    def __init__(self, given):
        self.data = given.get("data")
        self.encoding = given.get("encoding")
        self.mode = given.get("mode")
        self.observed_content_type = given.get("observedContentType")

    @property
    def observedContentType(self):
        return self.observed_content_type


class EventMetadata:
    def __init__(self, given):
        self.event_id = given.get("eventId")
        self.event_time = given.get("inferenceTime")
        self.inference_id = given.get("inferenceId")
        self.custom_attribute = given.get("customAttributes")

    eventId = property(lambda self: self.event_id)
    eventTime = inferenceTime = property(lambda self: self.event_time)
    inferenceId = property(lambda self: self.inference_id)
    custom_attributes = property(lambda self: self.custom_attribute)
    customAttributes = custom_attributes


class EventData:
    def __init__(self, record):
        self.endpointInput = record.endpoint_input
        self.endpointOutput = record.endpoint_output
        self.batchTransformOutput = record.batch_transform_output
        self.groundTruthData = record.ground_truth


def side(value):
    return None if value is None else Side(value)


class InferenceRecord:
    def __init__(self, given):
        sides = given.get("captureData") or {}
        self.endpoint_input = side(sides.get("endpointInput"))
        self.endpoint_output = side(sides.get("endpointOutput"))
        self.batch_transform_output = side(sides.get("batchTransformOutput"))
        self.ground_truth = side(given.get("groundTruthData"))
        self.event_metadata = EventMetadata(given.get("eventMetadata") or {})
        self.event_version = given.get("eventVersion")

    @property
    def event_data(self):
        return EventData(self)


def confine(header):
    try:
        import resource
    except ImportError:
        return
    def bound(name, value):
        kind = getattr(resource, name, None)
        if kind is None or not value:
            return
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            pass
    bound("RLIMIT_AS", header["memoryBytes"])
    bound("RLIMIT_FSIZE", header["fileBytes"])
    bound("RLIMIT_CPU", header["cpuSeconds"])
    bound("RLIMIT_NPROC", header.get("processes"))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def part_from_children():
    for fd in (REQUESTS, REPLIES):
        os.set_inheritable(fd, False)
    def leave():
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, REQUESTS)
        os.dup2(nothing, REPLIES)
    os.register_at_fork(after_in_child=leave)


def load(name, path):
    with open(path, "rb") as file:
        source = file.read()
    text = importlib.util.decode_source(source)
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    module = types.ModuleType("modelkeep_script")
    module.__file__ = name
    sys.modules[module.__name__] = module
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)
    return module


def handler_of(module, wanted):
    handler = getattr(module, wanted, None)
    if not callable(handler):
        raise Refused("the script has no function %s" % wanted)
    return handler


def takes_logger(handler):
    try:
        kinds = [p.kind for p in inspect.signature(handler).parameters.values()]
    except (TypeError, ValueError):
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return inspect.Parameter.VAR_POSITIONAL in kinds or (
        sum(kind in positional for kind in kinds) > 1
    )


def told(error):
    try:
        if isinstance(error, Refused):
            return str(error)
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == HERE:
            frames = frames.tb_next
        lines = traceback.format_exception(type(error), error, frames, limit=-8)
        text = "".join(lines).strip()
    except BaseException:
        return type(error).__name__
    if len(text) <= MOST_TRACE:
        return text
    half = MOST_TRACE // 2
    return text[:half] + "\n…\n" + text[-half:]


def cell(key, value):
    if value is None:
        return None
    kind = type(value)
    if kind is str:
        return value
    if kind is bool:
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        if value != value:
            return None
        if value in INFINITE:
            raise Refused("the value of %r is not finite: %r" % (key, value))
        return float.__repr__(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, decimal.Decimal):
        if value.is_nan():
            return None
        if value.is_finite():
            return format(value, "f")
    if kind.__name__ in ("NAType", "NaTType"):
        return None
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return cell(key, value.item())
    raise Refused(
        "the value of %r is of type %s: a value must be a string, a number, a boolean or None"
        % (key, kind.__name__)
    )


def names_of(keys):
    for key in keys:
        if type(key) is not str and (type(key) is bool or not isinstance(key, (str, int))):
            raise Refused("the key %r is of type %s: a key must be a string"
                          % (key, type(key).__name__))
    names = [str(key) for key in keys]
    if len(set(names)) < len(names):
        raise Refused("the keys %r are not different names" % (keys,))
    return names


def row_of(returned, known):
    if not isinstance(returned, dict):
        if not isinstance(returned, collections.abc.Mapping):
            raise Refused(
                "the handler returned a value of type %s: it must be a flat dict, a list of "
                "flat dicts, or None to leave the record out" % type(returned).__name__
            )
        returned = dict(returned)
    keys = tuple(returned)
    head = known.get(keys)
    new = head is None
    if new:
        head = names_of(keys)
    row = [head]
    for key, value in returned.items():
        row.append(value if type(value) is str else cell(key, value))
    if new and len(known) < MOST_NAME_LISTS:
        known[keys] = len(known)
    return row


def rows_of(returned, known, most):
    if returned is None:
        return []
    if not isinstance(returned, (list, tuple)):
        returned = [returned]
    if len(returned) > most:
        raise Refused("the handler returned %d rows: at most %d may come of one record"
                      % (len(returned), most))
    return [row_of(one, known) for one in returned if one != {}]


encode = json.JSONEncoder(separators=(",", ":")).encode


def send(text):
    data = memoryview(text.encode("ascii") + b"\n")
    while data:
        data = data[os.write(REPLIES, data):]


def preprocess(header, handler, logger, requests):
    known = {}
    most_rows, most_bytes = header["rowsPerRecord"], header["replyBytes"]
    wrap = InferenceRecord if header["kind"] == "capture" else (lambda value: value)
    extra = (logger,) if takes_logger(handler) else ()
    own = os.getpid()
    for line in requests:
        before = len(known)
        try:
            reply = encode(rows_of(handler(wrap(json.loads(line)), *extra), known, most_rows))
            if len(reply) > most_bytes:
                raise Refused("what the handler returned has %d bytes as JSON: at most %d may come "
                              "of one record" % (len(reply), most_bytes))
        except BaseException as error:
            reply = encode({"error": told(error)})
            for keys in list(known)[before:]:
                del known[keys]
        if os.getpid() != own:
            os._exit(1)
        send(reply)


def main():
    requests = os.fdopen(REQUESTS, "rb", closefd=False)
    header = json.loads(requests.readline())
    sys.stdin = open(os.devnull)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    part_from_children()
    logging.basicConfig(stream=sys.stdout, level=logging.INFO,
                        format="%(levelname)s %(message)s")
    logger = logging.getLogger("script")
    confine(header)
    try:
        module = load(header["name"], header["path"])
        handler = handler_of(module, header["handler"])
        send(encode({"ready": True}))
    except BaseException as error:
        send(encode({"error": told(error)}))
        return
    if header["handler"] == "preprocess_handler":
        preprocess(header, handler, logger, requests)
        return
    requests.readline()
    try:
        handler()
        send("[]")
    except BaseException as error:
        send(encode({"error": told(error)}))


own_pid = os.getpid()
try:
    main()
finally:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    # Threads of the script are not waited for.
    os._exit(0 if os.getpid() == own_pid else 1)
`;
