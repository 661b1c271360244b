import { expect, test } from "vitest";
import { createSharedReads } from "../../src/gateway/shared-reads.ts";

test("each connection is handed its own reads, as far as they go, out of one memory", () => {
  const [client, server] = [createSharedReads(), createSharedReads()];
  const heard: string[] = [];
  client.deliver = (chunk) => heard.push(`client ${Buffer.from(chunk).toString("latin1")}`);
  server.deliver = (chunk) => heard.push(`server ${Buffer.from(chunk).toString("latin1")}`);
  expect(client.buffer).toBe(server.buffer);
  const read = (reads: typeof client, text: string) => {
    Buffer.from(reads.buffer.buffer, reads.buffer.byteOffset).write(text, "latin1");
    return reads.callback(text.length, reads.buffer);
  };
  expect(read(client, "USER a\r\n")).toBe(true);
  expect(read(server, "331\r\n")).toBe(true);
  expect(heard).toEqual(["client USER a\r\n", "server 331\r\n"]);
});
