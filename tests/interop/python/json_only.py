"""Hooks that narrow the document before schemathesis makes requests from it.

Must not hide an operation, a parameter, a status or a schema.
"""

import schemathesis

METHODS = ("get", "put", "post", "delete", "patch")
NOT_JSON = ("xml", "x-www-form-urlencoded")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Bodies as JSON only, and one way to be let in.

    How XML and forms are read is not what JSON Schema says about them, so requests made from the
    schema are mostly noise there; those carriers have property tests and corpora of their own. Of the
    credentials only the API token is offered: exactly one may come with a request, and guesses at
    passwords are answered 429 after a few, as they should be.
    """
    for item in raw_schema["paths"].values():
        for method in METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            if operation.get("security"):
                operation["security"] = [{"Bearer": []}]
            content = operation.get("requestBody", {}).get("content", {})
            for media_type in list(content):
                if any(word in media_type for word in NOT_JSON):
                    del content[media_type]
