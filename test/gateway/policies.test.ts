// Policies: which one holds for whom, on real connections.
import { describe, expect, test } from "vitest";
import { setClient, setGateway, setServer } from "./stage.ts";

const own = {
  foreignAddress: { kind: "use-peer" },
  minDataPort: 1024,
  commands: { deny: [] },
  readOnly: true,
  anonymousOnly: false,
  pinholesBeforeLogin: false,
  tellInnerAddresses: false,
} as const;
const writing = { ...own, readOnly: false };
const ok = { DELE: (s: { say(line: string): void }) => s.say("250 Gone") };

async function setUp() {
  const server = await setServer(ok);
  const gateway = await setGateway(server.port, {
    policy: own,
    policies: [
      { clients: [{ base: "127.0.0.2", bits: 32 }], policy: writing },
      { clients: [{ base: "127.0.0.0", bits: 8 }], users: ["alice"], policy: writing },
    ],
  });
  return async (address: string, user: string) => {
    const client = await setClient(gateway, "127.0.0.1", address);
    await client.reply();
    await client.ask(`USER ${user}`);
    await client.ask("PASS p");
    return client;
  };
}

describe("policies", () => {
  test("a client's network decides when it connects, its user when the login is accepted", async () => {
    const client = await setUp();
    expect(await (await client("127.0.0.2", "bob")).ask("DELE a")).toMatch(/^250 /);
    expect(await (await client("127.0.0.1", "bob")).ask("DELE a")).toMatch(/^550 /);
    expect(await (await client("127.0.0.1", "Alice")).ask("DELE a")).toMatch(/^250 /);
  });

  test("what is said in one write behind a login waits for it, and is judged by its user's policy", async () => {
    const connect = await setUp();
    const client = await connect("127.0.0.1", "bob");
    client.write("USER alice\r\nPASS p\r\nDELE a\r\nUSER bob\r\nPASS p\r\nDELE a\r\n");
    const replies = [];
    for (let count = 0; count < 6; count += 1) replies.push((await client.reply()).slice(0, 3));
    expect(replies).toEqual(["331", "230", "250", "331", "230", "550"]);
  });
});
