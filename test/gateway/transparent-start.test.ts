import { expect, test } from "vitest";
import { openDialogue } from "./ftp-dialogue.ts";
import { spawnGateway, temporaryFile } from "./spawned-gateway.ts";

const intercepting = (keys: object = {}) => ({ listen: ["127.0.0.1:0"], route: { transparent: keys } });

/** Takes all rights from the process, as far as this one has any. */
const powerless = process.getuid?.() === 0 ? ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] : [];

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
  const gateway = spawnGateway([intercepting()], { nodeOptions: ["--require", hook] });
  const { detail } = await gateway.logged("could not start");
  expect(detail).toBe(
    "the transparent route needs the optional dependency koffi: koffi does not load: Cannot find module 'koffi'",
  );
  expect(await gateway.ended).toBe(1);
});

test("a gateway for TPROXY that may not accept foreign connections does not start, and says what it needs", async () => {
  const gateway = spawnGateway([intercepting({ method: "tproxy" })], { by: powerless });
  const { detail } = await gateway.logged("could not start");
  expect(detail).toMatch(/^cannot listen on 127\.0\.0\.1:0 for TPROXY: EPERM; it needs CAP_NET_RAW or CAP_NET_ADMIN$/);
  expect(await gateway.ended).toBe(1);
});

test("a gateway for redirected connections needs no rights", async () => {
  const gateway = spawnGateway([intercepting()], { by: powerless });
  expect(await gateway.logged("listening")).toMatchObject({ gateway: "gateway-1" });
});

test("a client that connects to the gateway itself is told with 421 that this would be a loop", async () => {
  const gateway = spawnGateway([intercepting()]);
  const { endpoint } = await gateway.logged("listening");
  const client = await openDialogue(Number(String(endpoint).split(":")[1]));
  expect(await client.rest()).toBe("421 The server is this gateway itself.\r\n");
  client.close();
  expect(await gateway.logged("session ended")).toMatchObject({ reason: "loop" });
});
