import { expect, test } from "vitest";
import { openDialogue } from "../ftp-dialogue.ts";
import { spawnGateway, temporaryFile } from "../spawned-gateway.ts";

const intercepting = { listen: ["127.0.0.1:0"], route: { transparent: {} } };

test("a transparent gateway without koffi does not start, and says why", async () => {
  const hook = temporaryFile(
    "no-koffi.cjs",
    `const { Module } = require("node:module");
     const load = Module._load;
     Module._load = (name, ...rest) => {
       if (name === "koffi") throw new Error("Cannot find module 'koffi'");
       return load(name, ...rest);
     };`,
  );
  const gateway = spawnGateway([intercepting], { nodeOptions: ["--require", hook] });
  const { detail } = await gateway.logged("could not start");
  expect(detail).toBe(
    "the transparent route needs the optional dependency koffi: koffi does not load: Cannot find module 'koffi'",
  );
  expect(await gateway.ended).toBe(1);
});

test("a client that connects to the gateway itself is told with 421 that this would be a loop", async () => {
  const gateway = spawnGateway([intercepting]);
  const { endpoint } = await gateway.logged("listening");
  const client = await openDialogue(Number(String(endpoint).split(":")[1]));
  expect(await client.rest()).toBe("421 The server is this gateway itself.\r\n");
  client.close();
  expect(await gateway.logged("session ended")).toMatchObject({ reason: "loop" });
});
