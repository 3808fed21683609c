"""Writes botocore's models of the named services, without their documentation, as one JSON.

Usage: python botocore_models.py OUT.json SERVICE...   (pip install botocore==1.43.11)
"""

import json
import sys

import botocore
import botocore.loaders

PINNED = "1.43.11"
PROSE = ("documentation", "deprecatedMessage")


def stripped(value):
    if isinstance(value, dict):
        return {k: stripped(v) for k, v in value.items() if not (k in PROSE and isinstance(v, str))}
    if isinstance(value, list):
        return [stripped(item) for item in value]
    return value


def main(out, services):
    if botocore.__version__ != PINNED:
        sys.exit(f"needs botocore {PINNED}, found {botocore.__version__}")
    loader = botocore.loaders.Loader()
    models = {}
    for service in services:
        model = loader.load_service_model(service, "service-2")
        models[service] = {"shapes": stripped(model["shapes"]), "operations": stripped(model["operations"])}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(models, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
