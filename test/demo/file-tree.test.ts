import { expect, test } from "vitest";
import { createFileTree, resolvePath } from "../../src/demo/file-tree.ts";

function names(tree: ReturnType<typeof createFileTree>, path: string): string[] | undefined {
  return tree.list(path)?.map(({ name }) => name);
}

test.each([
  ["", "a", "a"],
  ["a/b", "c", "a/b/c"],
  ["a/b", "/c", "c"],
  ["a/b", "..", "a"],
  ["a", "../../..", ""],
  ["a", "./b//c/.", "a/b/c"],
  ["", "", ""],
])("in %j the argument %j means %j", (cwd, argument, path) => {
  expect(resolvePath(cwd, argument)).toBe(path);
});

test("directories follow from the names of the files, and outlive them", () => {
  const tree = createFileTree({ "a/b/c.txt": Buffer.from("c") });
  expect(names(tree, "")).toEqual(["a"]);
  expect(names(tree, "a/b")).toEqual(["c.txt"]);
  expect(tree.list("a/b/c.txt")).toMatchObject([{ name: "c.txt", bytes: 1, directory: false }]);
  tree.removeFile("a/b/c.txt");
  expect(names(tree, "a/b")).toEqual([]);
  expect(tree.list("a/x")).toBeUndefined();
});

test("a name given as text is kept as the bytes of its UTF-8 form", () => {
  const tree = createFileTree({ "größe.txt": Buffer.from("x") });
  expect(names(tree, "")).toEqual([Buffer.from("größe.txt").toString("latin1")]);
});

test("a directory is removed only when empty, and made only inside another", () => {
  const tree = createFileTree({ "a/b.txt": Buffer.from("b") });
  expect(tree.removeDirectory("a")).toBe(false);
  expect(tree.makeDirectory("x/y")).toBe(false);
  expect(tree.makeDirectory("x")).toBe(true);
  expect(tree.makeDirectory("x")).toBe(false);
  expect(tree.removeDirectory("x")).toBe(true);
  expect(tree.removeDirectory("")).toBe(false);
});

test("a renamed directory takes everything in it along, and never goes into itself", () => {
  const tree = createFileTree({ "a/b/c.txt": Buffer.from("c"), "ab.txt": Buffer.from("ab") });
  expect(tree.rename("a", "a/b/d")).toBe(false);
  expect(tree.rename("a", "z")).toBe(true);
  expect([...tree.files.keys()].toSorted()).toEqual(["ab.txt", "z/b/c.txt"]);
  expect(names(tree, "")).toEqual(["ab.txt", "z"]);
  expect(tree.rename("nothing", "y")).toBe(false);
});

test("what would pass the limit of the whole tree is not written", () => {
  const tree = createFileTree({});
  const half = Buffer.alloc(300 * 1024 * 1024);
  expect(tree.write("a", half)).toBe(true);
  expect(tree.write("b", half)).toBe(false);
  expect(tree.write("a", half)).toBe(true);
  expect([...tree.files.keys()]).toEqual(["a"]);
});
