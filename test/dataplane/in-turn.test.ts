import { expect, test } from "vitest";
import { inTurn } from "../../src/dataplane/in-turn.ts";

type Input = { readonly name: string; readonly leads?: readonly Input[] };

function taking() {
  const done: string[] = [];
  const give = inTurn<Input>(({ name, leads = [] }) => {
    done.push(`${name} begins`);
    if (name === "bad") throw new Error(name);
    for (const input of leads) give(input);
    done.push(`${name} ends`);
  });
  return { done, give };
}

test("what comes up while an input is dealt with comes after it, in order", () => {
  const { done, give } = taking();
  give({ name: "a", leads: [{ name: "b", leads: [{ name: "d" }] }, { name: "c" }] });
  expect(done.map((line) => line.replace(" begins", "").replace(/.* ends/, "."))).toEqual("a.b.c.d.".split(""));
});

test("an input that fails does not keep the next ones from being taken", () => {
  const { done, give } = taking();
  expect(() => give({ name: "bad" })).toThrow("bad");
  expect(() => give({ name: "a", leads: [{ name: "bad" }, { name: "b" }] })).toThrow("bad");
  done.length = 0;
  give({ name: "c" });
  expect(done).toEqual(["b begins", "b ends", "c begins", "c ends"]);
});
