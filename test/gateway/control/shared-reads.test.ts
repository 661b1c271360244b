import { expect, test } from "vitest";
import { createSharedReads } from "../../../src/gateway/control/shared-reads.ts";

const textOf = (memory: Uint8Array, count: number): string => Buffer.from(memory.subarray(0, count)).toString("latin1");

test("each connection is handed its own reads, as far as they go, out of one memory", () => {
  const [client, server] = [createSharedReads(), createSharedReads()];
  const heard: string[] = [];
  client.deliver = (memory, count) => heard.push(`client ${textOf(memory, count)}`);
  server.deliver = (memory, count) => heard.push(`server ${textOf(memory, count)}`);
  expect(client.buffer).toBe(server.buffer);
  const read = (reads: typeof client, text: string) => {
    Buffer.from(reads.buffer.buffer, reads.buffer.byteOffset).write(text, "latin1");
    return reads.callback(text.length, reads.buffer);
  };
  expect(read(client, "USER a\r\n")).toBe(true);
  expect(read(server, "331\r\n")).toBe(true);
  expect(heard).toEqual(["client USER a\r\n", "server 331\r\n"]);
});
