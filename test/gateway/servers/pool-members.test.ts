// Members of a pool.
import { expect, test } from "vitest";
import { membersOf } from "../../../src/gateway/servers/pool-members.ts";

const named = { name: "ftp.example.net:2121", server: { host: "ftp.example.net", port: 2121 }, weight: 3 };
const literal = { name: "192.0.2.9:21", server: { host: "192.0.2.9", port: 21 }, weight: 1 };

test("each address of a name is one, and a name without any is one that can't be dialled", () => {
  expect(membersOf(named, ["192.0.2.1", "2001:db8::1"])).toEqual([
    { ...named, id: "ftp.example.net:2121 192.0.2.1", endpoint: { address: "192.0.2.1", port: 2121 } },
    { ...named, id: "ftp.example.net:2121 2001:db8::1", endpoint: { address: "2001:db8::1", port: 2121 } },
  ]);
  expect(membersOf(named, [])).toEqual([{ ...named, id: "ftp.example.net:2121", endpoint: undefined }]);
});

test("a literal address is one by its name", () => {
  expect(membersOf(literal, [])).toEqual([
    { ...literal, id: "192.0.2.9:21", endpoint: { address: "192.0.2.9", port: 21 } },
  ]);
});
