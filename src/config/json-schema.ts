// JSON Schema of the configuration file, for editors that complete and check. What only the program can check (ranges that
// overlap, an endpoint that is taken) is left to `check`.
import { z } from "zod";
import { formatEndpoint } from "../net/endpoint.ts";
import { descriptionOf } from "./descriptions.ts";
import { booleanOrVariable, type JsonSchema } from "./json-scalars.ts";
import { fileSchema } from "./schema.ts";
import { formatDuration } from "./settings.ts";

/** Draft 7, which every editor knows. */
export function configJsonSchema(): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(fileSchema, {
    target: "draft-07",
    io: "input",
    unrepresentable: "any",
    reused: "inline",
    override({ zodSchema, jsonSchema }) {
      if (jsonSchema.type === "boolean") Object.assign(jsonSchema, booleanOrVariable);
      // zod takes them for values of the output, and drops them.
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (examples) Object.assign(jsonSchema, { examples });
      if (zodSchema instanceof z.ZodDefault) writeDefault(zodSchema, jsonSchema);
      // The defaults of its keys say more.
      if (zodSchema instanceof z.ZodPrefault) delete jsonSchema.default;
    },
  });
  describe(rest, "");
  return {
    $schema,
    title: "Configuration of ftp-alg",
    ...rest,
    // Anchors for other places.
    patternProperties: { "^x-": {} },
  };
}

/** Each key in it says what it is for, besides what it takes. */
function describe({ properties = {}, items, anyOf = [] }: z.core.JSONSchema.BaseSchema, path: string): void {
  for (const [key, schema] of Object.entries(properties)) {
    if (typeof schema === "boolean") continue;
    const below = path === "" ? key : `${path}.${key}`;
    const meaning = descriptionOf(below);
    const { description: takes } = schema;
    if (meaning !== undefined) schema.description = takes === undefined ? meaning : `${meaning} (${takes})`;
    describe(schema, below);
  }
  if (typeof items === "object" && !Array.isArray(items)) describe(items, `${path}[]`);
  for (const option of anyOf) if (typeof option === "object") describe(option, path);
}

/** As it is written in the file; zod knows the value that is made of it. */
function writeDefault(schema: z.ZodDefault, json: { default?: unknown }): void {
  const { innerType, defaultValue } = schema.def;
  const forms = [
    defaultValue,
    formatDuration(Number(defaultValue)),
    `${String(defaultValue)}%`,
    endpointText(defaultValue),
  ];
  const written = forms.find((form) => z.safeParse(innerType, form).success);
  if (written === undefined) delete json.default;
  else Object.assign(json, { default: written });
}

function endpointText(value: unknown): string {
  const { address, port } = { ...(value as { address?: unknown; port?: unknown }) };
  return typeof address === "string" && typeof port === "number" ? formatEndpoint({ address, port }) : "";
}
