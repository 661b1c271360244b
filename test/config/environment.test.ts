import fc from "fast-check";
import { expect, test } from "vitest";
import { substitute } from "../../src/config/environment.ts";

const environment = { HOST: "ftp.example.com", PORT: "2121", EMPTY: "", BRACE: "${HOST}" };

test.each([
  ["${HOST}", "ftp.example.com"],
  ["${HOST}:${PORT}", "ftp.example.com:2121"],
  ["${MISSING:-10.0.0.5}", "10.0.0.5"],
  ["${MISSING:-}", ""],
  ["${EMPTY:-10.0.0.5}", "10.0.0.5"],
  ["${HOST:-10.0.0.5}", "ftp.example.com"],
  ["${EMPTY}", ""],
  ["$${HOST}", "${HOST}"],
  ["$HOST", "$HOST"],
  ["${BRACE}", "${HOST}"],
])("%s becomes %j", (text, value) => {
  expect(substitute(text, environment)).toEqual({ value });
});

test("a variable that is not set and has no default is named", () => {
  expect(substitute("${MISSING}:21", environment)).toEqual({
    problem: "the environment has no MISSING; set it, or give a default: ${MISSING:-…}",
  });
  expect(substitute("${toString}", environment)).toHaveProperty("problem");
});

test.each(["${1x}", "${}", "${HOST", "${HOST:=x}", "${HOST-x}", "${ HOST }"])("%s is no reference", (text) => {
  expect(substitute(text, environment)).toMatchObject({ problem: expect.stringMatching(/^expected \$\{NAME\} or/) });
});

test("whatever the text, there is a value or a problem, and text without ${ stays", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "A", ":", "-", " ") }), (text) => {
      const result = substitute(text, { A: "x" });
      if (!text.includes("${")) expect(result).toEqual({ value: text });
      else expect("value" in result || result.problem !== "").toBe(true);
    }),
  );
});
