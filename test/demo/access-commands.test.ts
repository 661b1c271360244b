import { expect, test } from "vitest";
import { connectActiveClient } from "../../src/demo/active-client.ts";
import { ask, cleanups, logIn, serve } from "./loopback.ts";

test("nothing but the login is done before the login", async () => {
  const server = await serve();
  const client = await connectActiveClient(server.endpoint);
  cleanups.push(() => client.close());
  expect(await ask(client, "LIST")).toMatch(/^530 /);
  expect(await ask(client, "PASS x")).toMatch(/^503 /);
  expect(await ask(client, "FEAT")).toContain("\n EPSV\n");
  expect(await ask(client, "constructor")).toMatch(/^500 /);
  expect(await ask(client, "MLOL")).toMatch(/^502 /);
});

test("after REIN a login is wanted again", async () => {
  const client = await logIn(await serve({ greeting: "Hello" }));
  expect(await ask(client, "PWD")).toMatch(/^257 /);
  expect(await ask(client, "REIN")).toBe("220 Hello");
  expect(await ask(client, "PWD")).toMatch(/^530 /);
  expect(await ask(client, "PASS x")).toMatch(/^503 /);
});

test("files are streams of bytes: every other representation is refused", async () => {
  const client = await logIn(await serve());
  for (const line of ["TYPE I", "TYPE A", "type a n", "TYPE L 8", "MODE S", "STRU F", "OPTS UTF8 ON"]) {
    expect(await ask(client, line), line).toMatch(/^200 /);
  }
  for (const line of ["TYPE E", "MODE B", "STRU R"]) expect(await ask(client, line), line).toMatch(/^504 /);
  expect(await ask(client, "OPTS MLST")).toMatch(/^501 /);
});
