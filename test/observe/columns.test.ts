import { expect, test } from "vitest";
import { columnsOf } from "../../src/observe/columns.ts";

test("East Asian letters and emoji take two columns, combining marks none, all else one", () => {
  expect(["", "abc", "日本", "e\u0301", "🙂", "é", "│→"].map(columnsOf)).toEqual([0, 3, 4, 1, 2, 1, 2]);
});
