import { expect, test } from "vitest";
import { eventFilter } from "../../../src/dataplane/kernel/event-filter.ts";

test("the filter compares the mark, if there is one, under its mask", () => {
  expect(eventFilter(0x46000000, 0xff000000).toString("hex").match(/.{16}/g)).toEqual([
    "0000000014000000", // ld #20
    "0100000008000000", // ldx #8
    "200000000cf0ffff", // ld [attribute]
    "1500050000000000", // jeq #0
    "0700000000000000", // tax
    "4000000004000000", // ld [x + 4]
    "54000000000000ff", // and #0xff000000
    "1500000100000046", // jeq #0x46000000
    "06000000ffffffff", // ret #-1
    "0600000000000000", // ret #0
  ]);
});
