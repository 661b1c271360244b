import { Server } from "node:net";
import { expect, test } from "vitest";
import { ownTable } from "../../../../src/dataplane/kernel/nftables/table-owner.ts";

test("a table has one owner at a time, and is free again when that one gives it up", async () => {
  const table = `test_${process.pid}`;
  const first = await ownTable(table);
  if (!(first instanceof Server)) throw new Error(first.taken);
  expect(await ownTable(table)).toEqual({ taken: "another gateway that is running owns it" });
  const other = await ownTable(`${table}_b`);
  if (other instanceof Server) other.close();
  expect(other).toBeInstanceOf(Server);
  await new Promise((resolve) => first.close(resolve));
  const second = await ownTable(table);
  if (second instanceof Server) second.close();
  expect(second).toBeInstanceOf(Server);
});
