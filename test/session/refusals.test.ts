// What a refusal is told with: one list, complete, in codes that say no.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { refusalReasons } from "../../src/session/reasons.ts";
import { refusal, refusalCodes } from "../../src/session/refusals.ts";

test.each(refusalReasons)("the refusal %s has negative reply codes of RFC 959", (reason) => {
  const codes = refusalCodes(reason);
  expect(codes.length).toBeGreaterThan(0);
  for (const code of codes) expect(String(code)).toMatch(/^[45][0-5]\d$/);
});

test("a reason that is told in two ways lists both codes, the usual one first", () => {
  expect(refusalCodes("malformed-login")).toEqual([530, 501]);
  expect(refusalCodes("no-server")).toEqual([530]);
});

test("the parts of a text are put into it, and a variant counts under its reason", () => {
  expect(refusal("low-port", "PORT", 1024)).toEqual({
    reason: "low-port",
    code: 504,
    text: "PORT refused: ports below 1024 are not allowed.",
  });
  expect(refusal("malformed-login:open", "SITE")).toEqual({
    reason: "malformed-login",
    code: 501,
    text: "Use SITE host [port].",
  });
});

test("no other file of the core or the gateway writes a refusal's code or text", () => {
  for (const folder of ["session", "gateway"]) {
    const path = fileURLToPath(new URL(`../../src/${folder}/`, import.meta.url));
    for (const name of readdirSync(path, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts") || name === "refusals.ts") continue;
      const code = readFileSync(`${path}${name}`, "utf8").replaceAll(/^ *(\/\/|\*|\/\*).*$/gm, "");
      expect(code, name).not.toMatch(/\brefuse\([^)]*\b\d{3}\b|\bcode: [45]\d\d|formatReply\([45]\d\d/);
    }
  }
});
