// Checks lines of JSON on standard input against the published field list of the Elastic Common Schema.
//
// The npm package `@elastic/ecs` carries it; where it is missing, or has another version than the first
// argument, the exit code is 77. Every field is known and of its type, arrays stand where the schema
// wants them, and categories, types, kinds and outcomes are among those allowed. `leakwarden.*` is ours.
"use strict";

let ecs;
try {
  ecs = require("@elastic/ecs");
} catch (error) {
  console.log(String(error).split("\n")[0]);
  process.exit(77);
}
if (ecs.EcsVersion !== process.argv[2]) {
  console.log(`the package carries ${ecs.EcsVersion}`);
  process.exit(77);
}

const fields = ecs.EcsFlat;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const fits = {
  long: Number.isSafeInteger,
  integer: Number.isSafeInteger,
  date: (value) => typeof value === "string" && time.test(value),
};
let wrong = 0;

function check(name, value, complain) {
  const field = fields[name];
  if (!field) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return complain(`${name} is no field of the schema`);
    for (const [key, inner] of Object.entries(value)) check(name ? `${name}.${key}` : key, inner, complain);
    return;
  }
  if (field.normalize.includes("array") !== Array.isArray(value)) complain(`${name} must${Array.isArray(value) ? " not" : ""} be a list`);
  for (const one of [value].flat()) {
    const fit = fits[field.type] ?? ((text) => typeof text === "string" && text !== "");
    if (!fit(one)) complain(`${name}: ${JSON.stringify(one)} is no ${field.type}`);
    const allowed = field.allowed_values;
    if (allowed && !allowed.some((own) => own.name === one)) complain(`${name}: ${one} is not allowed`);
  }
}

for (const line of require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const { leakwarden, ...event } = JSON.parse(line);
  const complain = (text) => {
    wrong += 1;
    console.log(`${event.event.action}: ${text}`);
  };
  check("", event, complain);
  for (const [name, field] of Object.entries(fields)) if (field.required && !(name === "@timestamp" ? event[name] : event.ecs?.version)) complain(`${name} is missing`);
  for (const category of event.event.category) {
    const expected = fields["event.category"].allowed_values.find((own) => own.name === category)?.expected_event_types ?? [];
    for (const type of event.event.type) if (!expected.includes(type)) complain(`${category} does not expect ${type}`);
  }
  if (!leakwarden) complain("leakwarden.* is missing");
}
process.exit(wrong ? 1 : 0);
