// How lines are cut into segments, on either side: peers and middleboxes look at it.
import { describe, expect, test } from "vitest";
import { readAll } from "../ftp-dialogue.ts";
import { passive, setClient, setGateway, setServer, setStage, until } from "../stage.ts";
import { sleep } from "../../virtual-time.ts";

/** What the client reads in one piece after the server has written `pieces` with pauses between. */
async function segmentsOf(pieces: readonly string[]): Promise<string[]> {
  const { client, server } = await setStage();
  const before = client.segments.length;
  for (const piece of pieces) {
    server.session.write(piece);
    await sleep(15);
  }
  await until(() => client.segments.slice(before).join("").length >= pieces.join("").length);
  return client.segments.slice(before);
}

describe("what the server says", () => {
  test("together leaves together, in one write (D2.29)", async () => {
    expect(await segmentsOf(["200 one\r\n220 two\r\n"])).toEqual(["200 one\r\n220 two\r\n"]);
  });

  test("in one byte a segment leaves a line a segment (D2.29)", async () => {
    const text = "211-a\r\n b\r\n211 c\r\n";
    expect(await segmentsOf(text.split(""))).toEqual(["211-a\r\n", " b\r\n", "211 c\r\n"]);
  });

  test("with a line split in the middle leaves when the line is whole (D2.29)", async () => {
    expect(await segmentsOf(["200 o", "ne\r\n200 t", "wo\r\n"])).toEqual(["200 one\r\n", "200 two\r\n"]);
  });

  test("with CRLF in a segment of its own leaves with its CRLF (D3.38)", async () => {
    expect(await segmentsOf(["200 one", "\r\n"])).toEqual(["200 one\r\n"]);
    expect(await segmentsOf(["200 one\r", "\n"])).toEqual(["200 one\r\n"]);
  });

  test("in a rewritten 227, glued to another reply, leaves after the pinhole is open, in one write", async () => {
    const { client } = await setStage({
      async PASV(s) {
        const port = await s.listen();
        s.write(`227 Entering Passive Mode (127,0,0,1,${port >> 8},${port & 255})\r\n200 unasked\r\n`);
      },
    });
    const before = client.segments.length;
    expect(await client.ask("PASV")).toMatch(/^227 /);
    expect(await client.reply()).toBe("200 unasked");
    expect(client.segments.slice(before)).toHaveLength(1);
  });

  test("as 150 and 226 in one segment leaves in one write when the data is already delivered", async () => {
    const { client, server } = await setStage({ async RETR() {} });
    const data = await passive(client);
    client.write("RETR x\r\n");
    await until(() => server.session.lines.includes("RETR x"));
    const received = readAll(data);
    const sent = await server.session.data();
    sent.end("all of it");
    data.end();
    await sleep(1200);
    const before = client.segments.length;
    server.session.write("150 Go\r\n226 Done\r\n");
    expect(await client.reply()).toBe("150 Go");
    expect(await client.reply()).toBe("226 Done");
    expect((await received).bytes.toString()).toBe("all of it");
    expect(client.segments.slice(before)).toEqual(["150 Go\r\n226 Done\r\n"]);
  });
});

/** What the server reads in one piece after the client has written `pieces` with pauses between. */
async function commandSegmentsOf(pieces: readonly string[]): Promise<string[]> {
  const { client, server } = await setStage();
  const before = server.session.segments.length;
  for (const piece of pieces) {
    client.write(piece);
    await sleep(15);
  }
  await sleep(30);
  return server.session.segments.slice(before);
}

describe("what the client says", () => {
  test("in one byte a segment reaches the server as one segment (D3.37)", async () => {
    expect(await commandSegmentsOf("noop\r\n".split(""))).toEqual(["noop\r\n"]);
  });

  test("with CRLF in a segment of its own reaches the server as one segment (D3.38)", async () => {
    expect(await commandSegmentsOf(["NOOP", "\r\n"])).toEqual(["NOOP\r\n"]);
    expect(await commandSegmentsOf(["NOOP\r", "\n"])).toEqual(["NOOP\r\n"]);
  });

  test("together reaches the server together (D3.39)", async () => {
    expect(await commandSegmentsOf(["NOOP\r\nPWD\r\nTYPE I\r\n"])).toEqual(["NOOP\r\nPWD\r\nTYPE I\r\n"]);
  });

  test("across a segment boundary reaches the server line by line as each is whole", async () => {
    expect(await commandSegmentsOf(["NOOP\r\nPW", "D\r\n"])).toEqual(["NOOP\r\n", "PWD\r\n"]);
  });

  test("in a rewritten PORT reaches the server as one segment", async () => {
    const [segment = "", ...more] = await commandSegmentsOf("PORT 127,0,0,1,200,10\r\n".split(""));
    expect(segment).toMatch(/^PORT 127,0,0,1,\d+,\d+\r\n$/);
    expect(segment).not.toContain(",200,10");
    expect(more).toEqual([]);
  });
});

describe("at the end of a connection", () => {
  test("a last reply line without its line end is completed", async () => {
    const server = await setServer({}, { greeting: "" });
    const client = await setClient(await setGateway(server.port));
    await until(() => server.sessions.length === 1);
    server.session.socket.end("421 No more");
    expect(await client.rest()).toBe("421 No more\r\n");
  });

  test("a last command without its line end is not carried out", async () => {
    const { client, server } = await setStage();
    client.socket.end("DELE important");
    await client.rest();
    expect(server.session.lines.some((line) => line.startsWith("DELE"))).toBe(false);
  });

  test("a farewell is not overtaken by a reset, whatever the client has said that nobody reads", async () => {
    const { client, gateway } = await setStage();
    const rest = client.rest();
    const stopped = gateway.gateway.stop();
    client.write("NOOP\r\n".repeat(1000));
    expect(await rest).toMatch(/^421 .*\r\n$/);
    client.socket.end();
    await stopped;
  });
});
