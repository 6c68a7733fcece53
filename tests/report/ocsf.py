"""Checks lines of JSON on standard input against the published schema of OCSF.

The packages `ocsf-json-schema` (it carries the schema) and `jsonschema` do the work; where one is
missing, or carries another version, the exit code is 77. Known attributes, required ones, types,
enumerations and constraints are checked, and that names and numbers belong together.
"""

import json
import sys

try:
    import jsonschema
    from ocsf_json_schema import OcsfJsonSchema, get_ocsf_schema
    from referencing import Registry, Resource
except ImportError as error:
    print(error)
    sys.exit(77)


def captions(event, attributes, objects, where):
    """Numbers of an enumeration with another caption in the text beside them."""
    for name, value in event.items():
        attribute = attributes.get(name, {})
        if isinstance(value, dict) and attribute.get("object_type") in objects:
            inner = objects[attribute["object_type"]]["attributes"]
            yield from captions(value, inner, objects, f"{where}.{name}")
        text = event.get(attribute.get("sibling") or name.removesuffix("_id"))
        if name.endswith("_id") and isinstance(text, str) and value != 99 and "enum" in attribute:
            # A number that is not in the list is the schema's to complain of.
            caption = attribute["enum"].get(str(value), {}).get("caption", text)
            if caption != text:
                yield f"{where}.{name}: {value} is `{caption}`, not `{text}`"


def main():
    version = sys.argv[1]
    try:
        published = get_ocsf_schema(version=version)
    except Exception as error:  # whatever a version of the package raises for a schema it lacks
        print(error)
        sys.exit(77)
    schema = OcsfJsonSchema(published)
    registry = Registry(retrieve=lambda uri: Resource.from_contents(schema.get_schema_from_uri(uri)))
    wrong = 0
    for line in sys.stdin:
        event = json.loads(line)
        name = schema.lookup_class_name_from_uid(event["class_uid"])
        own = schema.get_class_schema(name, event["metadata"].get("profiles", []))
        faults = [
            f"{error.json_path}: {error.message[:300]}"
            for error in jsonschema.Draft202012Validator(own, registry=registry).iter_errors(event)
        ]
        faults += captions(event, published["classes"][name]["attributes"], published["objects"], "$")
        if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
            faults.append("$.type_uid is not made of class and activity")
        if event["metadata"]["version"] != version:
            faults.append(f"$.metadata.version is not {version}")
        for fault in faults:
            wrong += 1
            print(f"{event['metadata']['event_code']}: {fault}")
    sys.exit(1 if wrong else 0)


main()
